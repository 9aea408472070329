/** Where two daemons read a standard differently, as the cells met it: what each does, and which section decides. */

export interface Finding {
  readonly about: string;
  readonly who: string;
  /** What the standard says, and what nearcast does about it. */
  readonly decides: string;
}

export const FINDINGS: readonly Finding[] = [
  {
    about: 'MED of 0 and no MED',
    who: 'several daemons show and rank both alike, others tell them apart',
    decides:
      'RFC 4271 §9.1.2.2 c: no MED is the lowest value, but neighbours may be told otherwise (`med missing worst`); so an agent always sends one, and the cell reads it on the wire',
  },
  {
    about: 'MED towards another AS',
    who: 'BIRD leaves its own out unless the export filter sets it; the others send it',
    decides:
      'RFC 4271 §5.1.4: what came from another AS must not go on to a third; what is made here may. A router beside an agent keeps the agent’s MED to itself',
  },
  {
    about: 'MD5 on connections that come in',
    who: 'OpenBGPD 7.7 on Linux has no key on the sockets where it listens, and its kernel drops every SYN that has one; the others answer',
    decides:
      'RFC 2385 §2: every segment of a protected connection is signed, the first too. Sites that meet it say `passive: true` and are dialled',
  },
  {
    about: 'GTSM on connections that come in',
    who: 'ExaBGP answers with the usual TTL and accepts any; the others send and ask for 255 both ways',
    decides: 'RFC 5082 §3: 255 on all packets of the session. Sites that meet it say `passive: true`',
  },
  {
    about: 'GRACEFUL_SHUTDOWN received',
    who: 'FRR gives such a route LOCAL_PREF 0 by itself, BIRD only where a filter says so',
    decides:
      'RFC 8326 §4.2: the receiver’s policy lowers LOCAL_PREF. An agent does not count on it and adds prepends and MED',
  },
  {
    about: 'ROUTE-REFRESH',
    who: 'OpenBGPD 7.7 refuses it as not negotiated, ExaBGP ends the session, GoBGP never asks',
    decides:
      'RFC 2918 §4: whoever has offered the capability sends again; a request for another family is to be ignored',
  },
  {
    about: 'End-of-RIB without graceful restart',
    who: 'BIRD sends it only where graceful restart is on, and FRR answers no request for routes before it came',
    decides:
      'RFC 4724 §2: useful in itself, for convergence; bound to the capability, which may offer nothing else',
  },
  {
    about: 'AS4_PATH at a 2-byte speaker',
    who: 'FRR with its capabilities off drops it; BIRD, OpenBGPD and ExaBGP hand it on',
    decides:
      'RFC 6793 §4.2.3 with RFC 4271 §5: an unknown transitive attribute goes on, with the Partial bit',
  },
  {
    about: 'Our own number in a path inside the AS',
    who: 'BIRD and FRR drop a path with our own number in it as a loop, unless told `allow local as`, `allowas-in`',
    decides:
      'RFC 4271 §9.1.2: a path with the own number may be excluded. So an agent prepends nothing inside its AS: less preferred is LOCAL_PREF 0 there (RFC 8326 §4.2), and the router prepends to those outside',
  },
];
