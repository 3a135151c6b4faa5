/**
 * Every bound of the gateway, with the arithmetic behind it.
 *
 * The reference gateway has 512 MB to 1 GB of memory and a slow card; the process is to stay under
 * 120 MB resident with a thousand devices. What happens when a bound is reached stands beside it.
 */

/** Largest MQTT packet read. Beyond it the connection is closed at the header. 64 KiB holds 800 typical readings. */
export const packetBytesMax = 65_536;

/** How long a packet may take from its first byte to its last: 64 KiB at 9,600 bits a second. Beyond: closed. */
export const packetMs = 60_000;

/**
 * Bytes of all clients that are held because their packets are incomplete, or have to wait; looked at four times a
 * second. Of waiting ones each connection has at most one read, 16 KiB. Beyond: those in the midst of a packet are cut,
 * the largest first; half a packet each of 4,096 clients would be 256 MB.
 */
export const heldBytesMax: number = 32 * 1024 * 1024;

/** Bytes of one read. What a connection sends that is not read stays in the kernel. */
export const readBytesMax = 16_384;

/** Largest CONNECT. Will, user name and password fit; a stranger cannot make us hold more. */
export const connectBytesMax = 4_096;

/** How long a connection may take to be authenticated before it is closed. */
export const authenticationMs = 5_000;

/**
 * Unacknowledged PUBLISH packets of one client that are taken off its socket.
 *
 * More stay in the kernel's buffers, so a slow disk slows publishers. MQTT 5 clients are told it as Receive
 * Maximum.
 */
export const clientInFlightMax = 64;

/** Bytes of one client's packets in flight. 64 packets of 4 KiB; one packet of the largest size always fits. */
export const clientInFlightBytesMax = 262_144;

/** Bytes in flight of all clients; beyond it sockets are not read. With a frozen disk memory grows by this. */
export const inFlightBytesMax: number = 16 * 1024 * 1024;

/**
 * Bytes that wait for a commit from which on messages of QoS 0 are shared out: of one client at most as many in one
 * commit, the others dropped and counted. Without that, one publisher at full speed has eight times as much wait, and
 * everybody's PUBACK with it. 1 MiB are some 5,000 messages; 256 of one client in a commit of 20 ms are 12,800 a second.
 */
export const unheardBytesMax: number = 1024 * 1024;
export const clientUnheardMax = 256;

/** Bytes waiting to be sent to one subscriber; beyond it, or after `drainMs`, the subscriber is cut. */
export const outboundBytesMax: number = 1024 * 1024;

/** How long a subscriber may leave bytes unread before it is cut. */
export const drainMs = 5_000;

/** QoS 2 messages of one client between PUBREC and PUBREL. */
export const clientOpenQos2Max = 100;

/** Topic filters of one client. */
export const clientFiltersMax = 256;

/** Connections at once. 2,000 × about 10 KiB of socket and session state = 20 MB. */
export const connectionsMax = 4_096;

/**
 * Connections that may begin at once, and in each second after that: of all, and of one address (of IPv6, one /64).
 *
 * More than there may be can come at once: all sensors of a site behind one router after the network was away, or five
 * thousand sockets that stay silent, which leave room for who is behind the same router. Then a second takes 2,048, of one address half as many, so that a thousand guesses
 * a second leave room for who is behind the same router. To begin costs an accept and the reading of a CONNECT, some
 * 0.1 ms; the work after that has a line of its own. Beyond: reset at once, counted, before TLS or a CONNECT is looked
 * at; the last quarter of what all may have is for addresses that have hardly asked.
 */
export const connectBurstMax = 10_240;
export const connectsPerSecondMax = 2_048;
export const connectsOfOneBurstMax = 5_120;
export const connectsOfOnePerSecondMax = 1_024;

/**
 * CONNECTs that are dealt with in one turn of the event loop: 4 × 0.4 ms on a desktop, four times that on a small board,
 * beside the milliseconds that a turn with messages takes. The others wait, addresses taking turns, until
 * `authenticationMs`.
 */
export const connectsPerTurnMax = 4;

/** Addresses whose connections are counted; the one that has not asked for longest leaves. 4,096 × 150 bytes = 0.6 MB. */
export const connectAddressesMax = 4_096;

/**
 * TLS and WebSocket handshakes at once, CONNECT included. A socket costs 5 KB until its first byte has come, with HTTP
 * 13 KB, with TLS 35 to 55 KB, most of it OpenSSL's: 512 × 55 KB = 28 MB, as much as 4,096 others with 7 KB. More wait in
 * their sockets, and begin when one is done, or when the oldest has been at it for so long, which then is cut.
 */
export const handshakesMax = 512;
export const handshakePatienceMs = 1_000;

/** Bytes taken before a handshake and a CONNECT are through, TLS aside. A request for a WebSocket has at most 8 KiB. */
export const strangerBytesMax = 16_384;

/** Levels of a topic, and characters of a topic. */
export const topicLevelsMax = 32;
export const topicBytesMax = 1_024;

/**
 * Topic aliases of one connection; MQTT 5 clients are told it, and one above it ends the connection. 16 × 1 KiB of topic
 * × 4,096 connections = 64 MB at the very worst; sensors use one or two of some 50 bytes.
 */
export const topicAliasMax = 16;

/**
 * Topic aliases that one subscriber is given, where it takes any: the first topics that it is sent. The others are sent
 * by name. 16 × 1 KiB of topic for each of 1,000 such subscribers = 16 MB at the very worst.
 */
export const outboundAliasesMax = 16;

/** Characters of a device, metric or client name. Names become keys, topics and HTML. */
export const nameCharactersMax = 128;

/** Depth, items, and characters of a string, in a JSON or CBOR payload. */
export const payloadDepthMax = 8;
export const payloadItemsMax = 1_024;
export const payloadStringBytesMax = 1_024;

/**
 * Samples of one group commit. 8,192 × about 12 bytes of columns = 100 KB, one LevelDB value; and at
 * most some 10 ms between two turns of the event loop on a small board.
 */
export const batchSamplesMax = 8_192;

/** Messages of one group commit. */
export const batchMessagesMax = 4_096;

/**
 * Series known to the gateway. Beyond: cause `series-limit`. Measured: 20,000 series with three rollups and 50,000
 * rule groups take 130 MB, 2.6 KB for a series with its two and a half groups, and a checkpoint of them 35 MB.
 */
export const seriesMax = 20_000;

/**
 * Stamps of a series by which resent samples are recognised: as many as came in `stampWindowMs`, at most
 * `stampWindowMax`. A client that lost its connection is back, and resends, within seconds. 1,024 × 16 bytes =
 * 16 KB for a series of a hundred samples a second; 16 × 16 bytes for one that reports every second.
 */
export const stampWindowMs = 10_000;
export const stampWindowMax = 1_024;

/** Recent message digests kept to recognise resent messages without a stamp: 16,384 × about 40 bytes = 0.6 MB. */
export const messageDigestsMax = 16_384;

/** Groups (rule × key) that hold window state. See `seriesMax` for the sum. Beyond: samples of further groups meet no rule, counted. */
export const ruleGroupsMax = 50_000;

/** Comparisons with `clear` in one rule: each keeps one bit of a 32-bit number. */
export const conditionClearsMax = 31;

/** Panes of one window in one group. */
export const windowPanesMax = 1_440;

/**
 * Samples held by a `sliding` window that has no `every`, where the oldest leave first, counted, and at most
 * by one of type `count`, where more are refused when the rule is loaded. Each of its
 * decisions looks at all of them: 1,024 × 5 ns. For more samples give the window an `every`.
 */
export const slidingSamplesMax = 1_024;

/** Values beyond this, in size, stay out of windows: the square of a distance between two must be a number. */
export const windowValueMax = 1e150;

/** Dead letters kept, the oldest overwritten: 1,000 × at most 4 KiB of payload = 4 MB on disk. */
export const deadLettersMax = 1_000;
export const deadLetterBytesMax = 4_096;

/** A device stamp this far ahead of the gateway's clock is replaced by the time of receipt, and counted. */
export const stampAheadMsMax: number = 5 * 60_000;

/** Retained messages of the local broker, and their bytes. */
export const retainedMessagesMax = 10_000;
export const retainedBytesMax: number = 8 * 1024 * 1024;

/** How far a series' rollups wait for samples that arrive out of order. */
export const rollupLatenessMs = 10_000;

/**
 * For how long after it was closed an interval of the finest resolution takes late samples, as a revision:
 * 5 panes of 96 bytes for a series with minutes. The interval closed last of each coarser one is kept beside.
 */
export const rollupReviseMs: number = 5 * 60_000;

/** Silence of a group or series after which the gateway's own time closes its windows. */
export const idleMs = 60_000;

/** Batches sent upstream and not yet acknowledged. Every known cloud takes 20; mosquitto's default is 20. */
export const uplinkBatchesInFlightMax = 20;

/** Encoded bytes of one upstream batch. AWS IoT Core takes 128 KB a message; 96 KB leaves room for headers. */
export const uplinkBatchBytesMax: number = 96 * 1024;

/** Encoded bytes upstream without an acknowledgement: 1 MiB per 100 ms round trip is 10 MB/s, and twice it in memory. */
export const uplinkInFlightBytesMax: number = 1024 * 1024;

/** Upstream batches a second. AWS IoT Core takes 100 of one connection. Beyond it, batches grow instead. */
export const uplinkBatchesPerSecondMax = 50;

/** Levels of a leaf's path that become a metric name; deeper leaves are not samples. */
export const leafLevelsMax = 4;

/**
 * Topics whose way of decoding is remembered; the oldest is made again when it is needed. 8,192 × (300
 * bytes + at most `planShapeBytesMax`) = 3 MB as sensors are, 35 MB where somebody tries.
 */
export const decodePlansMax = 8_192;

/**
 * Clients that are told apart on one topic where profiles ask something of clients or payloads; the one met first is
 * met anew. Eight of them weigh as much as one plan in `decodePlansMax`: 65,536 × 150 bytes = 10 MB where somebody
 * tries.
 */
export const topicClientsMax = 256;

/** What one topic may hold of remembered payload shapes: four of a dozen numbers each, or one of eighty. */
export const planShapesMax = 4;
export const planShapeBytesMax = 4_096;

/**
 * Facts about devices and metrics that are kept, and their size as JSON. Beyond: the one that changed longest ago
 * leaves, counted. A device has some ten metrics of which something is said: 20,000 × about 250 characters = 5 MB.
 * Three times that, and its index, is what somebody who tries can take: some 40 MB.
 */
export const catalogueFactsMax = 20_000;
export const catalogueCharactersMax: number = 16 * 1024 * 1024;

/**
 * What one message about devices may hold: values, their depth, and the bytes of a text. In 65,536 bytes of such lists
 * are some 3,500 values. They nest deeper than readings, and templates are longer than texts. Beyond: refused.
 */
export const metadataItemsMax = 4_096;
export const metadataDepthMax = 16;
export const metadataStringBytesMax = 4_096;

/**
 * Facts that one message may say, and their size as JSON. Beyond: cause `too-many-items`. 65,536 bytes say some 400 of
 * usual length, 100 KB. Since components share what stands beside them, a message could say fifty times what it is
 * long: with twice that, all messages in flight say 32 MB.
 */
export const messageFactsMax = 1_024;
export const messageFactCharactersMax = 131_072;

/** Characters of a text about a device or a metric: label, vendor, unit. Longer ones are cut. */
export const factTextCharactersMax = 128;

/** The longest silence that is taken for an expectation: a year. */
export const expectedMsMax: number = 366 * 24 * 3_600_000;

/** Devices of one topic that says whether they are there: all of a bridge. Beyond: the further ones get no `online`. */
export const availabilityDevicesMax = 256;

/** Topics named so lately that it may not be written yet; beyond it the one named longest ago is forgotten. */
export const namedTopicsMax = 1_024;

/** Versions of one device profile of which the gateway knows when they were in force; the oldest leaves. */
export const schemaVersionsMax = 16;

/**
 * Metrics of one birth certificate or other Sparkplug payload, members of templates and data sets among them.
 * Beyond: cause `too-many-items`. 65,536 bytes of payload hold some 2,000 with short names.
 */
export const birthMetricsMax = 2_048;

/** Bytes of a Sparkplug payload without its compression. Beyond: cause `too-large`. Four times the largest packet; 1 ms. */
export const inflatedBytesMax: number = 256 * 1024;

/**
 * Sparkplug edge nodes whose names and sequence are remembered, and metrics in their birth certificates together.
 * Beyond: the node that was born longest ago is forgotten, counted; its data then wait for another birth, which is
 * asked for. 65,536 × about 150 bytes = 10 MB, three times as many as there can be series.
 */
export const sparkplugNodesMax = 1_024;
export const sparkplugMetricsMax = 65_536;

/** How long a Sparkplug edge node is not asked again for its birth certificates. */
export const rebirthEveryMs = 60_000;

/** QoS 1 and 2 messages sent to one subscriber and not acknowledged; fewer where it says so itself (Receive Maximum). */
export const outboundInFlightMax = 256;

/** Messages held for one subscriber whose outbound window is full; beyond it the subscriber is cut. */
export const outboundHeldMax = 1_024;

/** Bytes queued towards one subscriber after which retained and stored messages wait for it, and QoS 0 is dropped. */
export const outboundPacedBytes: number = 256 * 1024;

/** Sessions kept without a connection; the one that has been away longest is ended first. */
export const sessionsMax = 1_024;

/**
 * Messages, bytes and age of one session's offline queue; the oldest leave first, counted. Configurable up to the
 * limit below, where identifiers are still far from being used again: 20,000 × about 400 bytes = 8 MB.
 */
export const sessionQueueMessagesMax = 1_000;
export const sessionQueueMessagesLimit = 20_000;
export const sessionQueueBytesMax: number = 1024 * 1024;
export const sessionQueueAgeMsMax: number = 24 * 3_600_000;

/**
 * How long clients have after a start to come back before the wills of the run before are published: a gateway that
 * was restarted is no news of its sensors. Clients reconnect within seconds.
 */
export const willGraceMs = 10_000;

/** Bytes in the offline queues of all sessions, a message counted for each session that waits for it. */
export const sessionQueuesBytesMax: number = 16 * 1024 * 1024;

/** Topic names the broker remembers as checked; forgotten all at once when full. 8,192 × about 250 bytes = 2 MB. */
export const topicNamesMax = 8_192;

/** Bridges, and the topic filters of one. */
export const bridgesMax = 8;
export const bridgeFiltersMax = 64;

/**
 * Messages of one far broker that wait for a commit; beyond it its socket is not read. At 1,024 a commit even 50
 * commits a second take 50,000 messages. MQTT 5 servers are told it as Receive Maximum.
 */
export const bridgeInFlightMax = 1_024;

/** Bytes of such messages: 8 bridges × 1 MiB. One packet of the largest size always fits. */
export const bridgeInFlightBytesMax: number = 1024 * 1024;

/**
 * How long a far broker is asked to keep what it has for a gateway that is away (MQTT 5, Session Expiry). What it
 * keeps is its own; a gateway that is gone for good must not fill it for ever.
 */
export const bridgeSessionSeconds: number = 7 * 86_400;

/** Roles of a user, and patterns of one list of a role. The users file itself has at most 1 MiB, some 4,000 users. */
export const userRolesMax = 16;
export const rolePatternsMax = 64;

/** Wrong passwords from one address for one user that are free; each further one locks the pair for longer. */
export const loginFailuresFree = 4;

/** Pairs of address and user whose failures are remembered; the oldest leaves. 8,192 × about 150 bytes = 1.2 MB. */
export const loginLocksMax = 8_192;

/**
 * Passwords that are checked at once. A check takes 16 MiB, some 50 ms, and one of the two threads of the pool; the
 * other one is the store's. Those that wait are taken in turns by address, and more of one address are refused at
 * once: 32 × 50 ms = 1.6 s, within which the last of them is through.
 */
export const passwordChecksMax = 1;
export const passwordWaitingMax = 32;
export const passwordWaitingTotalMax = 1_024;

/** Verified passwords that are recognised again without that work; the oldest leaves. 4,096 × about 200 bytes = 0.8 MB. */
export const passwordsKnownMax = 4_096;

/**
 * For how long after it was redeemed a claim code gives credentials again, to the same client: its answer may have
 * been lost with the connection or the gateway. Long enough for a technician to press the button again.
 */
export const claimAgainMs: number = 10 * 60_000;

/** How long a claim code is good for at most, and how many are made at once. Each takes 250 bytes of the users file. */
export const claimMsMax: number = 90 * 86_400_000;
export const claimsAtOnceMax = 1_000;

/** How long an edit of the users file waits for another one. An edit takes some 30 ms. */
export const usersEditWaitMs = 5_000;

/** Lines of the audit log in a second; those beyond it are counted in the next one. */
export const auditLinesPerSecond = 50;

/** Sessions of which it is known whose they are; the oldest leaves. As many as there may be sessions and connections. */
export const sessionOwnersMax = 5_120;

/**
 * Shares of the memory ceiling: from the first on no connection begins and QoS 0 is dropped, in and out, counted; from
 * the second on nothing is read of who publishes. Each ends a tenth lower. What has been let in before still grows to
 * its own bounds, 16 MiB in flight, 8 to subscribers, 16 of offline queues: 40 MiB, 15 % of a ceiling of 270 MiB.
 */
export const memoryTightShare = 0.85;
export const memoryCriticalShare = 0.95;

/** When the use has not grown for so long, the marks move above it, up to these: see `core/memory-pressure.ts`. */
export const memoryPatienceMs = 10_000;
export const memoryTightShareMax = 0.93;
export const memoryCriticalShareMax = 0.98;

/**
 * The ceiling: this share of what the service manager lets the process have, else this share of the machine's memory;
 * 512 MB give 307 MB. A thousand devices take 130 MB, all the series and groups that there may be 130 MB more.
 */
export const memoryOfAllowedShare = 0.9;
export const memoryOfMachineShare = 0.6;

/** The smallest ceiling that may be configured: an idle gateway has 90 MB. */
export const memoryCeilingBytesMin: number = 96 * 1024 * 1024;
