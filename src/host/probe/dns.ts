/** Probes that ask a DNS server: the right answer, not too old, and from this very site. */
import { randomInt } from 'node:crypto';
import packet, { type Answer, type DecodedPacket, type Question } from 'dns-packet';
import { type Address, millis, parseAddress } from '../../base/index.ts';
import { endpoint } from '../error.ts';
import { type Attempt, failure } from './attempt.ts';
import { connect, connectUdp } from './exchange.ts';
import type { DnsProbe, Endpoint, ProbeSurroundings } from './spec.ts';

/** What fits every path without fragments (DNS flag day 2020). */
const UDP_SIZE = 1232;
const NSID = 3;

/** A decoded message; the library's types leave the code out. */
type Reply = DecodedPacket & { readonly rcode: string };

export async function askDns(a: Attempt, probe: DnsProbe, to: Endpoint, s: ProbeSurroundings): Promise<void> {
  const { over } = probe;
  const question = { name: probe.name, type: probe.type, class: probe.class } as Question;
  // The other server is asked at the same time, so that it takes nothing from our own server's.
  const other = probe.serial && serialAt(a, probe, probe.serial.of, s);
  const reply = await ask(a, to, over, question, probe.identity);
  if (reply.rcode !== probe.rcode) return a.bad(`answers ${reply.rcode}; ${probe.rcode} is asked for`);
  const texts = (reply.answers ?? []).filter((r) => r.type === question.type).map(textOf);
  const missing = probe.answer.find((want) => !texts.some((text) => sameText(text, want)));
  if (missing !== undefined)
    return a.bad(
      texts.length === 0
        ? `answers ${reply.rcode} without any ${probe.type} record; ${missing} is asked for`
        : `${missing} is not among the answers: ${listed(texts)}`,
    );
  const notes = [`answers ${reply.rcode}${texts.length > 0 ? `: ${listed(texts)}` : ''}`];

  if (probe.identity) {
    const name = nsidOf(reply) ?? chaosText(question, reply) ?? (await askIdentity(a, to, over));
    const wanted = s.site;
    if (name === undefined) return a.bad('does not say which site it is: neither NSID nor id.server');
    if (wanted !== undefined && !isSite(name, wanted))
      return a.bad(`says that it is ${listed([name])}; this is site ${wanted}`);
    notes.push(`from ${listed([name])}`);
  }

  if (probe.serial && other) {
    const own = serialOf(reply) ?? serialOf(await ask(a, to, over, { ...question, type: 'SOA' }, false));
    if (own === undefined) return a.bad(`${probe.name} has no SOA record, so its age is unknown`);
    const measure = await other;
    const at = endpoint(probe.serial.of, probe.port);
    // That the other server fails is no fault of this one, and of all sites at once.
    if (typeof measure !== 'number')
      return a.good(`${notes.join(', ')}, serial ${own} not compared: ${at} ${measure.trouble}`, {
        warning: true,
      });
    const behind = serialDistance(own, measure);
    if (behind > probe.serial.behind)
      return a.bad(
        `serial ${own} is ${behind} behind the ${measure} at ${at}; ${probe.serial.behind} is allowed`,
      );
    notes.push(behind > 0 ? `serial ${own}, ${behind} behind` : `serial ${own}`);
  }
  a.good(notes.join(', '));
}

/** How far `own` is behind `measure` in serial arithmetic (RFC 1982 §3.2); negative when it is ahead. */
export function serialDistance(own: number, measure: number): number {
  return (measure - own) | 0;
}

/** True when an identity names the site: it is its name, or a host name with the site's as one of its labels. */
function isSite(said: string, site: string): boolean {
  return (
    said.toLowerCase().split('.').includes(site.toLowerCase()) || said.toLowerCase() === site.toLowerCase()
  );
}

/** One question, over UDP with a second look over TCP when the answer was cut. The attempt ends when there is no reply. */
async function ask(
  a: Attempt,
  to: Endpoint,
  over: 'udp' | 'tcp',
  question: Question,
  edns: boolean,
): Promise<Reply> {
  const reply = await (over === 'udp' ? askUdp : askTcp)(a, to, question, edns);
  if (over === 'udp' && reply.flag_tc) return ask(a, to, 'tcp', question, edns);
  // A server from before EDNS (RFC 6891 §7).
  if (edns && reply.rcode === 'FORMERR') return ask(a, to, over, question, false);
  return reply;
}

function askUdp(a: Attempt, to: Endpoint, question: Question, edns: boolean): Promise<Reply> {
  return new Promise((resolve) => {
    connectUdp(a, to, (socket) => {
      const { id, bytes } = query(question, edns);
      a.waiting = 'no answer';
      socket.on('message', (message) => {
        const reply = read(message, id, question);
        if (typeof reply === 'string') a.waiting = `${reply}, and no other answer`;
        else resolve(reply);
      });
      socket.send(bytes);
    });
  });
}

function askTcp(a: Attempt, to: Endpoint, question: Question, edns: boolean): Promise<Reply> {
  return new Promise((resolve) => {
    connect(a, to, (socket) => {
      const { id, bytes } = query(question, edns);
      a.waiting = 'connected, but no answer';
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      socket.write(Buffer.concat([length, bytes]));
      let got: Buffer = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        got = Buffer.concat([got, chunk]);
        if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
        socket.pause();
        const reply = read(got.subarray(2, 2 + got.readUInt16BE(0)), id, question);
        if (typeof reply === 'string') a.bad(reply);
        else resolve(reply);
      });
      socket.on('end', () => a.bad(`closed the connection after ${got.length} bytes of an answer`));
    });
  });
}

function query(question: Question, edns: boolean): { readonly id: number; readonly bytes: Buffer } {
  const id = randomInt(0x1_0000);
  const options = [{ code: NSID, data: Buffer.alloc(0) }];
  const opt = { type: 'OPT', name: '.', udpPayloadSize: UDP_SIZE, flags: 0, options } as unknown as Answer;
  const flags = question.class === 'CH' ? 0 : packet.RECURSION_DESIRED;
  const additionals = edns ? [opt] : [];
  return { id, bytes: packet.encode({ type: 'query', id, flags, questions: [question], additionals }) };
}

/** The reply in some bytes, or why they are none to this question. */
function read(bytes: Buffer, id: number, question: Question): Reply | string {
  let reply: Reply;
  try {
    reply = packet.decode(bytes) as Reply;
  } catch {
    return 'something came that is no DNS message';
  }
  const [echo] = reply.questions ?? [];
  // A server that cannot read the question may leave it out.
  const same = echo
    ? sameText(echo.name, question.name) && echo.type === question.type
    : reply.rcode !== 'NOERROR';
  return reply.flag_qr && reply.id === id && same ? reply : 'something came that answers another question';
}

/** The SOA serial at the other server, or why it is not known. Waits no longer than leaves time to say so. */
function serialAt(
  a: Attempt,
  probe: DnsProbe,
  of: Address,
  s: ProbeSurroundings,
): Promise<number | { readonly trouble: string }> {
  const at = { address: of, port: probe.port };
  return new Promise((resolve) => {
    // An attempt within the attempt: what fails there ends nothing but itself.
    const within = a.within(millis(a.timeout * 0.8), (answer) => resolve({ trouble: answer.detail }));
    ask(
      within,
      s.locate?.(at, probe.over) ?? at,
      probe.over,
      { name: probe.name, type: 'SOA', class: 'IN' },
      false,
    )
      .then((reply) => {
        const serial = serialOf(reply);
        resolve(serial ?? { trouble: `answers ${reply.rcode} without an SOA record` });
        within.good('');
      })
      .catch((error: unknown) => resolve({ trouble: failure(error).detail }));
  });
}

function serialOf(reply: Reply): number | undefined {
  for (const r of reply.answers ?? []) if (r.type === 'SOA') return r.data.serial;
  return undefined;
}

/** The server's own name by RFC 5001. */
function nsidOf(reply: Reply): string | undefined {
  for (const r of reply.additionals ?? [])
    if (r.type === 'OPT')
      for (const o of r.options) {
        const { code, data } = o as unknown as { readonly code: number; readonly data?: Buffer };
        if (code === NSID && data && data.length > 0) return data.toString();
      }
  return undefined;
}

/** The server's own name by RFC 4892, where the question was for it. */
function chaosText(question: Question, reply: Reply): string | undefined {
  if (question.class !== 'CH' || !/^(id\.server|hostname\.bind)\.?$/i.test(question.name)) return undefined;
  const [text] = (reply.answers ?? []).filter((r) => r.type === 'TXT').map(textOf);
  return text || undefined;
}

async function askIdentity(a: Attempt, to: Endpoint, over: 'udp' | 'tcp'): Promise<string | undefined> {
  const question = { name: 'id.server', type: 'TXT', class: 'CH' } as const;
  return chaosText(question, await ask(a, to, over, question, false));
}

/** A record's data as zone files write it. */
function textOf(r: Answer): string {
  switch (r.type) {
    case 'TXT':
      return (Array.isArray(r.data) ? r.data : [r.data]).map(String).join('');
    case 'MX':
      return `${r.data.preference ?? 0} ${r.data.exchange}`;
    case 'SRV':
      return `${r.data.priority ?? 0} ${r.data.weight ?? 0} ${r.data.port} ${r.data.target}`;
    case 'SOA': {
      const { mname, rname, serial, refresh, retry, expire, minimum } = r.data;
      return [mname, rname, serial, refresh, retry, expire, minimum].join(' ');
    }
    case 'CAA':
      return `${r.data.flags ?? 0} ${r.data.tag} "${r.data.value}"`;
    case 'DS':
      return `${r.data.keyTag} ${r.data.algorithm} ${r.data.digestType} ${r.data.digest.toString('hex')}`;
    case 'DNSKEY':
      return `${r.data.flags} 3 ${r.data.algorithm} ${r.data.key.toString('base64')}`;
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'NS':
    case 'PTR':
    case 'DNAME':
      return r.data;
    default:
      return '';
  }
}

/** Case, a last dot and the way an address is written make no difference. */
function sameText(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

function plain(text: string): string {
  return (
    parseAddress(text) ??
    text
      .replace(/\.$/, '')
      .replace(/\.(?= )/g, '')
      .toLowerCase()
  );
}

function listed(texts: readonly string[]): string {
  const all = texts.join(', ').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�');
  return all.length > 120 ? `${all.slice(0, 117)}...` : all;
}
