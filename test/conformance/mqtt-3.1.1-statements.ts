/**
 * The numbered statements of MQTT 3.1.1, each with the tests that carry its number, or why there is none.
 *
 * Source: OASIS, MQTT Version 3.1.1 Plus Errata 01, 10 December 2015, Appendix B. The words are ours.
 */
import { type Statement, statementsOf } from "./statement.ts";

const client = "asks something of clients";
const same = "the same on the other side of";

export const statements: readonly Statement[] = statementsOf(
  "MQTT",
  `
1.5.3-1 | strings are well-formed UTF-8, without surrogates; else the connection ends
1.5.3-2 | no U+0000 in strings; the connection ends
1.5.3-3 | U+FEFF is a character like others
2.2.2-1 | reserved flags have the values of the table | see 2.2.2-2
2.2.2-2 | invalid flags end the connection
2.3.1-1 | SUBSCRIBE, UNSUBSCRIBE and PUBLISH of QoS 1 and 2 have an identifier that is not 0
2.3.1-2 | a client takes an identifier that is not in use | ${client}
2.3.1-3 | a resent packet keeps its identifier | ${client}
2.3.1-4 | the same for a server that sends
2.3.1-5 | PUBLISH of QoS 0 has no identifier
2.3.1-6 | PUBACK, PUBREC, PUBREL have the identifier of the PUBLISH
2.3.1-7 | SUBACK and UNSUBACK have that of the request
3.1.0-1 | the first packet is CONNECT
3.1.0-2 | a second CONNECT ends the connection
3.1.2-1 | a wrong protocol name may end the connection
3.1.2-2 | an unknown level is answered with 1 and ends the connection
3.1.2-3 | the reserved flag is 0; else the connection ends
3.1.2-4 | clean session 0 resumes the session, or makes one
3.1.2-5 | while the client is away QoS 1 and 2 messages are kept for it
3.1.2-6 | clean session 1 discards the session before
3.1.2-7 | retained messages are no part of a session
3.1.2-8 | the will is published when the connection ends without DISCONNECT
3.1.2-9 | will flag 1: QoS, retain, topic and message are there | see 3.1.2-8
3.1.2-10 | the will is discarded at DISCONNECT
3.1.2-11 | will flag 0: QoS and retain are 0
3.1.2-12 | will flag 0: no will is published
3.1.2-13 | will flag 0: will QoS is 0 | see 3.1.2-11
3.1.2-14 | will QoS is not 3
3.1.2-15 | will flag 0: will retain is 0 | see 3.1.2-11
3.1.2-16 | will retain 0: published as not retained
3.1.2-17 | will retain 1: published as retained
3.1.2-18 | user name flag 0: none in the payload | see 3.1.2-22
3.1.2-19 | user name flag 1: one in the payload
3.1.2-20 | password flag 0: none in the payload | see 3.1.2-22
3.1.2-21 | password flag 1: one in the payload
3.1.2-22 | no password without a user name
3.1.2-23 | a client sends within its keep-alive | ${client}
3.1.2-24 | after one and a half keep-alives of silence the connection ends
3.1.3-1 | fields of the payload are in their order | they could not be read otherwise
3.1.3-2 | client ids tell sessions apart
3.1.3-3 | the client id is there and the first field | it could not be read otherwise
3.1.3-4 | the client id is UTF-8 | see 1.5.3-1
3.1.3-5 | ids of 1 to 23 letters and digits are allowed
3.1.3-6 | an empty id with a clean session is given a unique one
3.1.3-7 | an empty id asks for a clean session | ${same} 3.1.3-8
3.1.3-8 | an empty id without one is answered with 2 and ends the connection
3.1.3-9 | a refused id is answered with 2 | ids that are refused end the connection without an answer: they are not names
3.1.3-10 | the will topic is UTF-8 | see 1.5.3-1
3.1.3-11 | the user name is UTF-8 | see 1.5.3-1
3.1.4-1 | a malformed CONNECT ends the connection without CONNACK
3.1.4-2 | a second client with an id disconnects the first
3.1.4-3 | clean session is processed | see 3.1.2-4 and 3.1.2-6
3.1.4-4 | an accepted CONNECT is answered with 0
3.1.4-5 | what follows a refused CONNECT is not processed
3.2.0-1 | CONNACK is the first packet from the server
3.2.2-1 | clean session 1: session present is 0
3.2.2-2 | session present tells whether there was a session | a session without subscriptions counts as none: it holds nothing
3.2.2-3 | without a stored session it is 0
3.2.2-4 | with a code other than 0 it is 0
3.2.2-5 | a code other than 0 ends the connection
3.2.2-6 | where no code fits the connection ends without CONNACK | see 3.1.4-1
3.3.1-1 | DUP is 1 when a PUBLISH is sent again
3.3.1-2 | DUP is 0 for QoS 0
3.3.1-3 | DUP is not passed on
3.3.1-4 | QoS 3 ends the connection
3.3.1-5 | a retained message is kept with its QoS
3.3.1-6 | a new subscription gets the last retained message of each topic
3.3.1-7 | a retained QoS 0 message replaces the one before
3.3.1-8 | RETAIN is 1 on what a new subscription gets
3.3.1-9 | RETAIN is 0 on what a standing subscription gets
3.3.1-10 | an empty retained payload is delivered, and removes the retained message
3.3.1-11 | it is not kept itself
3.3.1-12 | RETAIN 0 neither keeps nor replaces
3.3.2-1 | the topic is the first field, UTF-8 | see 1.5.3-1
3.3.2-2 | no wildcards in the topic of a PUBLISH
3.3.2-3 | a message is sent to who has a filter that matches
3.3.4-1 | PUBACK to QoS 1, PUBREC to QoS 2, nothing to QoS 0
3.3.5-1 | of overlapping subscriptions the highest QoS is delivered
3.3.5-2 | a PUBLISH that is not allowed is acknowledged, or ends the connection
3.6.1-1 | wrong flags of PUBREL end the connection
3.8.1-1 | wrong flags of SUBSCRIBE end the connection
3.8.3-1 | filters are UTF-8
3.8.3-2 | a server may refuse wildcards and then says so | wildcards are supported
3.8.3-3 | a SUBSCRIBE has at least one filter
3.8.3-4 | reserved bits of the QoS byte are 0
3.8.4-1 | SUBSCRIBE is answered by SUBACK
3.8.4-2 | with its identifier | see 2.3.1-7
3.8.4-3 | the same filter again replaces the subscription, and retained messages are sent again
3.8.4-4 | several filters in one packet are as several packets
3.8.4-5 | one return code for each filter
3.8.4-6 | what is granted is the QoS asked for, or less
3.9.3-1 | return codes are in the order of the filters
3.9.3-2 | only 0, 1, 2 and 0x80
3.10.1-1 | wrong flags of UNSUBSCRIBE end the connection
3.10.3-1 | filters are UTF-8
3.10.3-2 | an UNSUBSCRIBE has at least one filter
3.10.4-1 | filters are compared character by character
3.10.4-2 | nothing new is delivered for a filter that is gone
3.10.4-3 | QoS 1 and 2 messages under way are finished | what is under way is in the window of the subscriber and is not looked at again
3.10.4-4 | UNSUBACK has the identifier | see 2.3.1-7
3.10.4-5 | UNSUBACK also where no filter was there
3.10.4-6 | several filters in one packet are as several packets
3.12.4-1 | PINGREQ is answered by PINGRESP
3.14.1-1 | reserved bits of DISCONNECT are 0
3.14.4-1 | after DISCONNECT the client closes | ${client}
3.14.4-2 | and sends nothing more | ${client}
3.14.4-3 | at DISCONNECT the will is discarded | see 3.1.2-10
4.1.0-1 | both sides keep the session for as long as the connection | see 3.1.2-5
4.1.0-2 | the session outlives the connection when it was asked to | see 3.1.2-5
4.3.1-1 | QoS 0: DUP 0 | see 3.3.1-2
4.3.2-1 | QoS 1, sender: an identifier, DUP 0, until PUBACK
4.3.2-2 | QoS 1, receiver: PUBACK, and then a new message may have the identifier
4.3.3-1 | QoS 2, sender: PUBREL after PUBREC, the identifier until PUBCOMP
4.3.3-2 | QoS 2, receiver: no second delivery before PUBREL
4.4.0-1 | a resumed session gets unacknowledged PUBLISH and PUBREL again, with their identifiers
4.5.0-1 | a matching message is added to the session's state | see 3.1.2-5
4.5.0-2 | a client acknowledges whatever it does with a message | ${client}
4.6.0-1 | resent messages keep their order | ${client}
4.6.0-2 | PUBACKs are in the order of the PUBLISH
4.6.0-3 | PUBRECs are in the order of the PUBLISH
4.6.0-4 | PUBRELs are in the order of the PUBREC
4.6.0-5 | messages of one topic are delivered in order
4.6.0-6 | for each client, whatever the topic | see 4.6.0-5
4.7.1-1 | wildcards in filters, not in topics | see 3.3.2-2
4.7.1-2 | # alone or after a separator, and last
4.7.1-3 | + is a whole level
4.7.2-1 | a filter that begins with a wildcard does not match topics that begin with $
4.7.3-1 | topics and filters have at least one character
4.7.3-2 | no U+0000 | see 1.5.3-2
4.7.3-3 | at most 65,535 bytes | topics of more than 1,024 bytes and 32 levels are refused: limits.ts
4.7.3-4 | no normalisation: characters are compared as they are
4.8.0-1 | a protocol violation ends the connection
4.8.0-2 | where a transient error occurs the connection may end | a store that cannot write: test/engine/engine.test.ts
6.0.0-1 | WebSocket: binary frames, others end the connection
6.0.0-2 | a frame may hold several packets or parts of one
6.0.0-3 | the client offers the subprotocol mqtt | ${client}
6.0.0-4 | the server answers with the subprotocol mqtt
7.0.0-1 | a server that conforms does all of the above | the sum of this table
7.0.0-2 | a client that conforms does all of the above | ${client}
`,
);
