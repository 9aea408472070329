/**
 * What is answered to a DNS query: who we are (RFC 4892, RFC 5001), a small zone of our own, and a proper refusal to all
 * else. A function of bytes; sockets are in `dns.ts`.
 */
import packet, { type Answer, type OptAnswer } from 'dns-packet';
import { familyOf } from '../base/index.ts';
import type { Identity, Zone } from './identity.ts';
import { HEADER, type Query, readQuery } from './question.ts';

export interface DnsOptions {
  readonly identity: Identity;
  readonly zone?: Zone;
}

const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;
type Rcode = keyof typeof RCODE;

const TYPE = { A: 1, NS: 2, SOA: 6, TXT: 16, AAAA: 28, OPT: 41, ANY: 255 } as const;
const CLASS = { IN: 1, CH: 3 } as const;
const NSID = 3;

/** What we take and give over UDP without fragments (DNS flag day 2020); without EDNS it is 512 (RFC 1035 §4.2.1). */
const UDP_SIZE = 1232;
const UDP_PLAIN = 512;
/** More records than this beside a question are nobody's honest query. */
const ADDITIONALS_LIMIT = 16;
const TTL = 60;

interface Said {
  readonly rcode: Rcode;
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
}

/** The answer to a packet, or undefined where silence is right. Never throws. `sick` answers SERVFAIL to everything. */
export function answerDns(
  bytes: Uint8Array,
  over: 'udp' | 'tcp',
  options: DnsOptions,
  sick = false,
): Uint8Array | undefined {
  const query = readQuery(bytes);
  if (query === 'silence') return undefined;
  if (query === 'notimp') return bare(bytes, 'NOTIMP');
  if (query === 'formerr') return bare(bytes, 'FORMERR');
  const edns = readEdns(bytes, query);
  if (edns === 'formerr') return bare(bytes, 'FORMERR');
  const limit = over === 'tcp' ? 65_535 : Math.min(UDP_SIZE, Math.max(UDP_PLAIN, edns?.udpPayloadSize ?? 0));
  const said: Said =
    edns && edns.ednsVersion > 0
      ? { rcode: 'BADVERS' }
      : sick
        ? { rcode: 'SERVFAIL' }
        : (answers(query, options) ?? { rcode: 'REFUSED' });
  const whole = write(query, said, edns, options.identity, false);
  if (whole.length <= limit) return whole;
  return write(query, { rcode: said.rcode }, edns, options.identity, true);
}

/** What we know of the question; undefined when it is none of ours. */
function answers(q: Query, { identity, zone }: DnsOptions): Said | undefined {
  if (q.class === CLASS.CH) return chaos(q, identity);
  if (q.class === CLASS.IN && zone) return fromZone(q, identity, zone);
  return undefined;
}

/** RFC 4892 §3: the name of this very server, beside the question for it. */
function chaos(q: Query, identity: Identity): Said | undefined {
  const text =
    q.name === 'id.server' || q.name === 'hostname.bind'
      ? identity.site
      : q.name === 'version.bind' || q.name === 'version.server'
        ? identity.version
        : undefined;
  if (text === undefined) return undefined;
  if (q.type !== TYPE.TXT && q.type !== TYPE.ANY) return { rcode: 'NOERROR' };
  return { rcode: 'NOERROR', answers: [{ type: 'TXT', class: 'CH', name: q.name, ttl: 0, data: [text] }] };
}

function fromZone(q: Query, identity: Identity, zone: Zone): Said | undefined {
  const apex = zone.name.toLowerCase().replace(/\.$/, '');
  if (q.name !== apex && !q.name.endsWith(`.${apex}`)) return undefined;
  // Whole zones are not given away (RFC 5936), nor meta types looked up.
  if (q.type > 127 && q.type < 255) return undefined;
  const server = `ns.${apex}`;
  const soa: Answer = {
    type: 'SOA',
    name: apex,
    ttl: TTL,
    data: {
      mname: server,
      rname: `hostmaster.${apex}`,
      serial: zone.serial >>> 0,
      refresh: 3600,
      retry: 600,
      expire: 604_800,
      minimum: TTL,
    },
  };
  const hosts = zone.addresses.map(
    (data): Answer => ({ type: familyOf(data) === 4 ? 'A' : 'AAAA', name: q.name, ttl: TTL, data }),
  );
  const names: { readonly [name: string]: readonly Answer[] } = {
    [apex]: [soa, { type: 'NS', name: apex, ttl: TTL, data: server }, ...hosts],
    [server]: hosts,
    [`id.${apex}`]: [{ type: 'TXT', name: q.name, ttl: 0, data: [identity.site] }],
  };
  const all = Object.hasOwn(names, q.name) ? names[q.name] : undefined;
  if (!all) return { rcode: 'NXDOMAIN', authorities: [soa] };
  // To ANY, one kind of record is enough (RFC 8482 §4.1).
  const type = q.type === TYPE.ANY ? all[0]?.type : Object.entries(TYPE).find(([, n]) => n === q.type)?.[0];
  const found = all.filter((r) => r.type === type);
  return found.length > 0 ? { rcode: 'NOERROR', answers: found } : { rcode: 'NOERROR', authorities: [soa] };
}

/** The OPT record of a query (RFC 6891 §6.1.1: at most one); undefined when there is none. */
function readEdns(bytes: Uint8Array, q: Query): OptAnswer | 'formerr' | undefined {
  if (q.additionals === 0) return undefined;
  if (q.additionals > ADDITIONALS_LIMIT) return 'formerr';
  try {
    const opts = (packet.decode(Buffer.from(bytes)).additionals ?? []).filter((r) => r.type === 'OPT');
    return opts.length > 1 ? 'formerr' : (opts[0] as OptAnswer | undefined);
  } catch {
    return 'formerr';
  }
}

function write(
  q: Query,
  said: Said,
  edns: OptAnswer | undefined,
  identity: Identity,
  truncated: boolean,
): Uint8Array {
  const code = RCODE[said.rcode];
  const authoritative = said.rcode === 'NOERROR' || said.rcode === 'NXDOMAIN';
  const flags =
    (code & 15) |
    (authoritative ? packet.AUTHORITATIVE_ANSWER : 0) |
    (truncated ? packet.TRUNCATED_RESPONSE : 0) |
    (q.recursionDesired ? packet.RECURSION_DESIRED : 0) |
    (q.checkingDisabled ? packet.CHECKING_DISABLED : 0);
  const records = packet.encode({
    type: 'response',
    id: q.id,
    flags,
    answers: [...(said.answers ?? [])],
    authorities: [...(said.authorities ?? [])],
    additionals: edns ? [opt(edns, code >> 4, identity)] : [],
  });
  // The library has no compression and no question here, so the question fits in behind the head as it came.
  const head = records.subarray(0, HEADER);
  head.writeUInt16BE(1, 4);
  return Buffer.concat([head, q.raw, records.subarray(HEADER)]);
}

/** Our own OPT record, with our name when it was asked for (RFC 5001 §2.2). */
function opt(asked: OptAnswer, extendedRcode: number, identity: Identity): Answer {
  const wantsName = asked.options.some((o) => (o as { readonly code: number }).code === NSID);
  const record = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: UDP_SIZE,
    extendedRcode,
    ednsVersion: 0,
    flags: asked.flag_do ? packet.DNSSEC_OK : 0,
    options: wantsName ? [{ code: NSID, data: Buffer.from(identity.site) }] : [],
  };
  // The library's types know fewer options than its code.
  return record as unknown as Answer;
}

/** A refusal without anything of what was asked. */
function bare(bytes: Uint8Array, rcode: Rcode): Uint8Array {
  const head = new Uint8Array(HEADER);
  head.set(bytes.subarray(0, 2));
  // The opcode and whether recursion was desired come back as they came.
  head[2] = 0x80 | ((bytes[2] as number) & 0x79);
  head[3] = RCODE[rcode];
  return head;
}
