/**
 * The numbered statements of MQTT 5.0, each with the tests that carry its number, or why there is none.
 *
 * Source: OASIS, MQTT Version 5.0, 7 March 2019, Appendix B: 251 statements. The words are ours.
 */
import { type Statement, statementsOf } from "./statement.ts";

const client = "asks something of clients";
const auth = "enhanced authentication is not had: refused with 0x8C";
const plain = "the broker puts neither reason strings nor user properties into it";

export const statements: readonly Statement[] = statementsOf(
  "MQTT",
  `
1.5.4-1 | strings are well-formed UTF-8, without surrogates
1.5.4-2 | no U+0000 in strings
1.5.4-3 | U+FEFF is a character like others
1.5.5-1 | a variable byte integer takes as few bytes as it can
1.5.7-1 | both strings of a pair are such strings
2.1.3-1 | reserved flags have the values of the table
2.2.1-2 | PUBLISH of QoS 0 has no identifier
2.2.1-3 | a client takes an identifier that is not 0 and not in use | ${client}
2.2.1-4 | the same for a server that sends
2.2.1-5 | PUBACK, PUBREC, PUBREL, PUBCOMP have the identifier of the PUBLISH
2.2.1-6 | SUBACK and UNSUBACK have that of the request
2.2.2-1 | where there are no properties their length is 0
3.1.0-1 | the first packet is CONNECT
3.1.0-2 | a second CONNECT is a protocol error
3.1.2-1 | another protocol name may be answered with 0x84, and ends the connection
3.1.2-2 | another version may be answered with 0x84, and ends the connection
3.1.2-3 | the reserved flag is 0
3.1.2-4 | Clean Start 1 discards the session before
3.1.2-5 | Clean Start 0 resumes the session that there is
3.1.2-6 | Clean Start 0 makes one where there is none
3.1.2-7 | a will is stored with the session
3.1.2-8 | it is published when the connection has ended and its delay is over or the session ends
3.1.2-9 | will flag 1: will properties, topic and payload are there
3.1.2-10 | the will is removed when it is published, and at DISCONNECT 0x00
3.1.2-11 | will flag 0: will QoS is 0
3.1.2-12 | will QoS is not 3
3.1.2-13 | will flag 0: will retain is 0
3.1.2-14 | will retain 0: published as not retained
3.1.2-15 | will retain 1: published as retained
3.1.2-16 | user name flag 0: none in the payload
3.1.2-17 | user name flag 1: one in the payload
3.1.2-18 | password flag 0: none in the payload
3.1.2-19 | password flag 1: one in the payload
3.1.2-20 | a client pings within its keep-alive | ${client}
3.1.2-21 | a client uses the keep-alive that the server gives | ${client}
3.1.2-22 | after one and a half keep-alives of silence the connection ends
3.1.2-23 | with an expiry above 0 the session is kept when the connection has ended
3.1.2-24 | no packet is larger than the client's maximum
3.1.2-25 | a message that is too large counts as sent
3.1.2-26 | no topic alias above the client's maximum
3.1.2-27 | no topic alias at all where that is 0 or absent
3.1.2-28 | no response information where it is not asked for
3.1.2-29 | problem information 0: reason strings and user properties only in PUBLISH, CONNACK, DISCONNECT
3.1.2-30 | before CONNACK a client that gave a method sends only AUTH and DISCONNECT | ${client}
3.1.3-1 | fields of the payload are in their order | they could not be read otherwise
3.1.3-2 | client ids tell sessions apart
3.1.3-3 | the client id is there and the first field | it could not be read otherwise
3.1.3-4 | the client id is UTF-8
3.1.3-5 | ids of 1 to 23 letters and digits are allowed
3.1.3-6 | an empty id is given a unique one
3.1.3-7 | and is told so in CONNACK
3.1.3-8 | a refused id may be answered with 0x85, and ends the connection
3.1.3-9 | no will where the client is back before the delay is over
3.1.3-10 | user properties of the will keep their order
3.1.3-11 | the will topic is UTF-8
3.1.3-12 | the user name is UTF-8
3.1.4-1 | a CONNECT that does not have the format ends the connection
3.1.4-2 | so does one that is not authorised
3.1.4-3 | a second client with an id disconnects the first, with 0x8E
3.1.4-4 | Clean Start is processed | see 3.1.2-4 and 3.1.2-5
3.1.4-5 | an accepted CONNECT is answered with 0x00
3.1.4-6 | what follows a refused CONNECT is not processed
3.2.0-1 | CONNACK is the first packet from the server
3.2.0-2 | there is one CONNACK
3.2.2-1 | bits 7 to 1 of its flags are 0
3.2.2-2 | Clean Start 1: session present is 0
3.2.2-3 | session present tells whether there was a session
3.2.2-4 | a client without one closes when it is told that there is | ${client}
3.2.2-5 | a client with one discards it when there is none | ${client}
3.2.2-6 | with a code other than 0 session present is 0
3.2.2-7 | a code of 0x80 or more ends the connection
3.2.2-8 | only codes of the table
3.2.2-9 | a server without QoS 1 or 2 says so | QoS 2 is supported
3.2.2-10 | such a server still accepts SUBSCRIBE of every QoS | QoS 2 is supported
3.2.2-11 | clients keep to the maximum QoS | ${client}
3.2.2-12 | a will QoS beyond it is refused | QoS 2 is supported
3.2.2-13 | a retained will is refused where nothing is retained | retained messages are supported
3.2.2-14 | clients send nothing retained where nothing is retained | ${client}
3.2.2-15 | a client sends nothing larger than the server's maximum | ${client}
3.2.2-16 | an empty id is answered with an assigned one that nobody has
3.2.2-17 | clients keep to the server's topic alias maximum | ${client}
3.2.2-18 | and send none where it is 0 or absent | ${client}
3.2.2-19 | no reason string that makes CONNACK too large | ${plain}
3.2.2-20 | no user property that does | ${plain}
3.2.2-21 | the client uses the keep-alive that it is given | ${client}
3.2.2-22 | without one the server uses that of the client
3.3.1-1 | DUP is 1 when a PUBLISH is sent again
3.3.1-2 | DUP is 0 for QoS 0
3.3.1-3 | DUP is not passed on
3.3.1-4 | not both QoS bits are 1
3.3.1-5 | a retained message replaces the one before
3.3.1-6 | an empty one is delivered, and removes it
3.3.1-7 | an empty one is not kept
3.3.1-8 | RETAIN 0 neither keeps nor replaces nor removes
3.3.1-9 | retain handling 0: retained messages are sent
3.3.1-10 | retain handling 1: only where the subscription is new
3.3.1-11 | retain handling 2: none are sent
3.3.1-12 | retain as published 0: RETAIN is 0 on what is passed on
3.3.1-13 | retain as published 1: it is what it was
3.3.2-1 | the topic is the first field, and UTF-8
3.3.2-2 | no wildcards in it
3.3.2-3 | what is sent matches a filter of the subscriber
3.3.2-4 | the payload format indicator is passed on
3.3.2-5 | an expired message is deleted for whom it has not begun to be sent
3.3.2-6 | the expiry interval is passed on, less the time that it has waited
3.3.2-7 | topic aliases end with the connection
3.3.2-8 | no alias 0
3.3.2-9 | no alias above the server's maximum | ${client}; what the broker answers is in the test of 3.3.2-12
3.3.2-10 | clients accept aliases up to their maximum | ${client}
3.3.2-11 | no alias above the client's maximum
3.3.2-12 | all aliases up to the server's maximum are accepted
3.3.2-13 | the response topic is UTF-8
3.3.2-14 | no wildcards in it
3.3.2-15 | it is passed on
3.3.2-16 | correlation data are passed on
3.3.2-17 | user properties are passed on
3.3.2-18 | in their order
3.3.2-19 | the content type is UTF-8
3.3.2-20 | it is passed on
3.3.4-1 | PUBACK to QoS 1, PUBREC to QoS 2, nothing to QoS 0
3.3.4-2 | of overlapping subscriptions the highest QoS is delivered
3.3.4-3 | subscription identifiers of overlapping subscriptions are sent
3.3.4-4 | in a single copy all of them
3.3.4-5 | in several copies each its own | the broker sends a single copy
3.3.4-6 | a client sends no subscription identifier
3.3.4-7 | clients keep to the server's receive maximum | ${client}
3.3.4-8 | and delay nothing but PUBLISH for it | ${client}
3.3.4-9 | the server keeps to the client's
3.3.4-10 | and delays nothing but PUBLISH for it
3.4.2-1 | only reason codes of PUBACK
3.4.2-2 | no reason string that makes it too large
3.4.2-3 | no user property that does | ${plain}
3.5.2-1 | only reason codes of PUBREC
3.5.2-2 | no reason string that makes it too large
3.5.2-3 | no user property that does | ${plain}
3.6.1-1 | wrong flags of PUBREL end the connection
3.6.2-1 | only reason codes of PUBREL
3.6.2-2 | no reason string that makes it too large | ${plain}
3.6.2-3 | no user property that does | ${plain}
3.7.2-1 | only reason codes of PUBCOMP
3.7.2-2 | no reason string that makes it too large | ${plain}
3.7.2-3 | no user property that does | ${plain}
3.8.1-1 | wrong flags of SUBSCRIBE end the connection
3.8.3-1 | filters are UTF-8
3.8.3-2 | a SUBSCRIBE has at least one filter
3.8.3-3 | no local: a client does not get its own messages
3.8.3-4 | no local with a shared subscription is a protocol error
3.8.3-5 | reserved bits of the options are 0
3.8.4-1 | SUBSCRIBE is answered by SUBACK
3.8.4-2 | with its identifier | see 2.2.1-6
3.8.4-3 | the same filter again replaces the subscription
3.8.4-4 | retain handling 0: retained messages come again, and no message is lost
3.8.4-5 | several filters in one packet are as several packets
3.8.4-6 | one reason code for each filter
3.8.4-7 | it tells the QoS that is granted, or that none is
3.8.4-8 | the QoS of a message is the lower one of what was published and granted
3.9.2-1 | no reason string that makes SUBACK too large | ${plain}
3.9.2-2 | no user property that does | ${plain}
3.9.3-1 | reason codes are in the order of the filters
3.9.3-2 | only codes of the table
3.10.1-1 | wrong flags of UNSUBSCRIBE end the connection
3.10.3-1 | filters are UTF-8
3.10.3-2 | an UNSUBSCRIBE has at least one filter
3.10.4-1 | filters are compared character by character
3.10.4-2 | nothing new is delivered for a filter that is gone
3.10.4-3 | QoS 1 and 2 messages under way are finished
3.10.4-4 | UNSUBSCRIBE is answered by UNSUBACK
3.10.4-5 | with its identifier, also where no filter was there
3.10.4-6 | several filters in one packet are as several packets
3.11.2-1 | no reason string that makes UNSUBACK too large | ${plain}
3.11.2-2 | no user property that does | ${plain}
3.11.3-1 | reason codes are in the order of the filters
3.11.3-2 | only codes of the table
3.12.4-1 | PINGREQ is answered by PINGRESP
3.14.0-1 | no DISCONNECT before a CONNACK that accepts
3.14.1-1 | reserved bits of DISCONNECT are 0, else 0x81
3.14.2-1 | only reason codes of DISCONNECT
3.14.2-2 | the server sends no session expiry in it
3.14.2-3 | no reason string that makes it too large | ${plain}
3.14.2-4 | no user property that does | ${plain}
3.14.4-1 | nothing is sent after DISCONNECT
3.14.4-2 | who has sent it closes the connection
3.14.4-3 | at DISCONNECT 0x00 the will is discarded
3.15.1-1 | flags of AUTH are 0, else the connection ends
3.15.2-1 | only reason codes of AUTH | ${auth}
3.15.2-2 | no reason string that makes it too large | ${auth}
3.15.2-3 | no user property that does | ${auth}
4.1.0-1 | the session is kept while the connection is open
4.1.0-2 | it ends when the connection has ended and its expiry is over
4.2.0-1 | a transport that is ordered and loses nothing
4.3.1-1 | QoS 0, sender: DUP 0 | see 3.3.1-2
4.3.2-1 | QoS 1, sender: an identifier that is not in use | see 2.2.1-4
4.3.2-2 | QoS 1, sender: DUP 0
4.3.2-3 | QoS 1, sender: unacknowledged until PUBACK
4.3.2-4 | QoS 1, receiver: PUBACK with the identifier
4.3.2-5 | QoS 1, receiver: after PUBACK the identifier is that of a new message
4.3.3-1 | QoS 2, sender: an identifier that is not in use | see 2.2.1-4
4.3.3-2 | QoS 2, sender: DUP 0
4.3.3-3 | QoS 2, sender: unacknowledged until PUBREC
4.3.3-4 | QoS 2, sender: PUBREL after a PUBREC below 0x80
4.3.3-5 | QoS 2, sender: PUBREL is unacknowledged until PUBCOMP
4.3.3-6 | QoS 2, sender: after PUBREL no PUBLISH
4.3.3-7 | QoS 2, sender: what has been sent does not expire
4.3.3-8 | QoS 2, receiver: PUBREC with the identifier
4.3.3-9 | QoS 2, receiver: after a PUBREC of 0x80 or more the identifier is that of a new message
4.3.3-10 | QoS 2, receiver: before PUBREL again PUBREC, and no second delivery
4.3.3-11 | QoS 2, receiver: PUBCOMP to PUBREL
4.3.3-12 | QoS 2, receiver: after PUBCOMP the identifier is that of a new message
4.3.3-13 | QoS 2, receiver: goes on although the message has expired
4.4.0-1 | a resumed session gets PUBLISH and PUBREL again, with their identifiers; nothing is sent again otherwise
4.4.0-2 | after PUBACK or PUBREC of 0x80 or more a message is not sent again
4.5.0-1 | a message is added to the sessions that want it | see 3.1.2-23
4.5.0-2 | a client acknowledges whatever it does with a message | ${client}
4.6.0-1 | clients resend in order | ${client}
4.6.0-2 | clients send PUBACKs in order | ${client}
4.6.0-3 | clients send PUBRECs in order | ${client}
4.6.0-4 | clients send PUBRELs in order | ${client}
4.6.0-5 | messages of one topic, QoS and client are delivered in order
4.6.0-6 | every topic is such a topic | see 4.6.0-5
4.7.0-1 | wildcards in filters, not in topics | see 3.3.2-2
4.7.1-1 | # alone or after a separator, and last
4.7.1-2 | + is a whole level
4.7.2-1 | a filter that begins with a wildcard does not match topics that begin with $
4.7.3-1 | topics and filters have at least one character
4.7.3-2 | no U+0000 | see 1.5.4-2
4.7.3-3 | at most 65,535 bytes | topics of more than 1,024 bytes and 32 levels are refused: limits.ts
4.7.3-4 | no normalisation: characters are compared as they are
4.8.2-1 | a shared filter begins with $share/ and a name
4.8.2-2 | the name has no /, + or #, and a filter follows
4.8.2-3 | the QoS granted is that of each client
4.8.2-4 | a QoS 2 message is completed with the client that it was begun with
4.8.2-5 | and goes to no other when that session ends
4.8.2-6 | nor when the client refuses it
4.9.0-1 | the send quota begins with not more than the receive maximum | see 3.3.4-9
4.9.0-2 | without quota no PUBLISH of QoS 1 or 2 is sent | see 3.3.4-9
4.9.0-3 | other packets are processed and answered without it | see 3.3.4-10
4.12.0-1 | an unknown authentication method ends the connection, with 0x8C or 0x87
4.12.0-2 | the server asks for more with AUTH 0x18 | ${auth}
4.12.0-3 | the client answers with AUTH 0x18 | ${client}
4.12.0-4 | the server may refuse at any point, and then closes
4.12.0-5 | the method is in each AUTH and in CONNACK | ${auth}
4.12.0-6 | without a method in CONNECT the server sends neither AUTH nor a method
4.12.0-7 | without a method in CONNECT the client sends no AUTH
4.12.1-1 | a client authenticates again with the same method | ${client}
4.12.1-2 | where that fails the connection ends | ${auth}
4.13.1-1 | a malformed packet or protocol error ends the connection
4.13.2-1 | so does every code of 0x80 or more in CONNACK or DISCONNECT
6.0.0-1 | WebSocket: binary frames, others end the connection
6.0.0-2 | a frame may hold several packets or parts of one
6.0.0-3 | the client offers the subprotocol mqtt | ${client}
6.0.0-4 | the server answers with the subprotocol mqtt
`,
);
