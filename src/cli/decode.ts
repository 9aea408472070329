/** `nearcast decode`: BGP messages from hexadecimal, JSON lines or captures, one report each. */
import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Agreed } from '../wire/index.ts';
import { Conversations } from './conversation.ts';
import { EVERY_FAMILY, inWords, isBadInput, type LineForm, type Report, reportLine } from './decode-line.ts';
import { BadCapture, isCapture, type Packet, packets, tcpSegment } from './pcap.ts';

export interface DecodeOptions {
  readonly from: LineForm | 'pcap';
  /** For people instead of JSON lines. */
  readonly text: boolean;
  /** Each report repeats its message's bytes and context. */
  readonly hex: boolean;
  /** The TCP port of BGP in captures. */
  readonly port: number;
  /** Where neither the line nor the captured OPENs say otherwise. */
  readonly context: Agreed;
}

/** Longer lines are refused unread: no message needs them. */
const LINE_MAX = 1 << 20;
/** Output is handed on in pieces of about this many characters. */
const BATCH = 1 << 16;

/**
 * Reads all of `input` and hands `write` the reports, one a line. Holds a line or a packet at a time, never the input. Returns how many reports there were and how many
 * of them are about input that could not be read. Stops early when `write` answers false.
 */
export async function decodeStream(
  input: AsyncIterable<Uint8Array>,
  options: DecodeOptions,
  write: (text: string) => Promise<boolean> | boolean,
): Promise<{ readonly reports: number; readonly bad: number }> {
  const count = { reports: 0, bad: 0 };
  let batch = '';
  const { chunks, first } = await peeked(input);
  const captured = options.from === 'pcap' || (options.from === 'auto' && isCapture(first));
  const found = captured ? fromCapture(chunks, options) : fromLines(chunks, options);
  for await (const reports of found) {
    for (const r of reports) {
      count.reports++;
      if (isBadInput(r)) count.bad++;
      batch += options.text ? inWords(r) : `${JSON.stringify(r)}\n`;
      if (batch.length < BATCH) continue;
      if (!(await write(harmless(batch)))) return count;
      batch = '';
    }
  }
  if (batch !== '') await write(harmless(batch));
  return count;
}

/** JSON escapes control characters up to U+001F only; a terminal obeys those of U+007F … U+009F as well. */
function harmless(text: string): string {
  return text.replace(/[\u007f-\u009f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}

/** The input again, and its first bytes: four at least, unless it is shorter. */
async function peeked(input: AsyncIterable<Uint8Array>) {
  const chunks = input[Symbol.asyncIterator]();
  let first: Uint8Array = new Uint8Array(0);
  while (first.length < 4) {
    const next = await chunks.next();
    if (next.done) break;
    first = first.length === 0 ? next.value : Buffer.concat([first, next.value]);
  }
  const again = async function* () {
    if (first.length > 0) yield first;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  };
  return { chunks: again(), first };
}

/** Reports of the lines of each chunk. */
async function* fromLines(
  chunks: AsyncIterable<Uint8Array>,
  { from, context, hex }: DecodeOptions,
): AsyncGenerator<Report[]> {
  const form = from === 'pcap' ? 'auto' : from;
  const decoder = new StringDecoder('utf8');
  let number = 0;
  let rest = '';
  let tooLong = false;
  const read = (line: string): Report | undefined => {
    number++;
    if (!tooLong && line.length <= LINE_MAX) return reportLine(line, number, form, context, hex);
    tooLong = false;
    return { line: number, ok: false, error: { input: `a line of more than ${LINE_MAX} characters` } };
  };
  for await (const chunk of chunks) {
    const text = rest + decoder.write(chunk as Buffer);
    const reports: Report[] = [];
    let at = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      const r = read(text.slice(at, end));
      if (r) reports.push(r);
      at = end + 1;
    }
    rest = text.slice(at);
    if (rest.length > LINE_MAX) [rest, tooLong] = ['', true];
    if (reports.length > 0) yield reports;
  }
  const last = rest + decoder.end();
  const r = last !== '' || tooLong ? read(last) : undefined;
  if (r) yield [r];
}

async function* fromCapture(
  chunks: AsyncIterable<Uint8Array>,
  { port, context, hex }: DecodeOptions,
): AsyncGenerator<Report[]> {
  const conversations = new Conversations(context, hex);
  let last: Packet | undefined;
  let id = 0;
  const numbered = (reports: Report[]) => reports.map((r) => (isBadInput(r) ? r : { id: ++id, ...r }));
  try {
    for await (const packet of packets(chunks)) {
      last = packet;
      const segment = tcpSegment(packet);
      if (!segment || (segment.fromPort !== port && segment.toPort !== port)) continue;
      const reports = conversations.push(segment, packet);
      if (reports.length > 0) yield numbered(reports);
    }
  } catch (e) {
    if (!(e instanceof BadCapture)) throw e;
    yield [{ ok: false, error: { input: e.message } }];
  }
  yield numbered(conversations.end(last));
}

const EXAMPLES = `
Examples:
  echo ffffffffffffffffffffffffffffffff001304 | nearcast decode
  nearcast decode --text session.pcap
  tcpdump -w - -U port 179 | nearcast decode --from pcap
  echo '{"id":"a","hex":"ffffffffffffffffffffffffffffffff001304","ctx":{"asn4":false}}' | nearcast decode

Input:  one message a line, as hexadecimal or as {"id", "hex", "ctx"}; or a pcap or pcapng file. Empty lines and lines that begin with # are passed over.
        ctx says what the peers agreed: asn4 (default true), extendedMessage (default false), addPath (default false; true, or a list of families).
        In a capture it is learnt from the OPENs.
Output: one JSON object a message: {"id", "ok": true, "type", "message"}; or {"id", "ok": false, "error": {"code", "subcode", …}} with, for an
        UPDATE, "reaction" (discard, withdraw or reset, RFC 7606) and in "message" what remains.
Exit:   0 all input could be read, whatever the messages were worth; 1 some could not; 2 wrong usage.`;

/** The command, to be added to the program. */
export function decodeCommand(): Command {
  return new Command('decode')
    .description('read BGP messages from hexadecimal, JSON lines or a capture, and say what is in them')
    .argument('[file...]', 'files to read; standard input without any, or for -')
    .addOption(
      new Option('--from <form>', 'what the input is')
        .choices(['auto', 'hex', 'jsonl', 'pcap'])
        .default('auto'),
    )
    .option('--json', 'JSON lines, which is what it prints anyway')
    .option('--text', 'for people, instead of JSON lines')
    .option('--hex', 'repeat each message in "hex" and "ctx", so that the output can be read again')
    .option('--port <number>', 'TCP port of BGP in captures', portOf, 179)
    .option('--as2', 'AS numbers take two octets, where the input does not say')
    .option('--add-path', 'prefixes carry path identifiers, where the input does not say')
    .option('--extended-message', 'messages may have up to 65535 octets, where the input does not say')
    .addHelpText('after', EXAMPLES)
    .action(async (files: string[], o) => {
      const context: Agreed = {
        asn4: !o.as2,
        extendedMessage: o.extendedMessage === true,
        addPath: o.addPath ? EVERY_FAMILY : [],
      };
      const bad = await decodeFiles(files.length > 0 ? files : ['-'], {
        from: o.from,
        port: o.port,
        text: o.text === true,
        hex: o.hex === true,
        context,
      });
      if (bad) process.exitCode = 1;
    });
}

function portOf(text: string, _previous: number): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65535)
    throw new InvalidArgumentError('a port is a number from 1 to 65535.');
  return port;
}

/** Reads each file and writes to standard output; true when something could not be read. */
async function decodeFiles(files: readonly string[], options: DecodeOptions): Promise<boolean> {
  let open = true;
  // A reader that went away (`| head`) is no error: the rest is not wanted.
  process.stdout.on('error', (e: NodeJS.ErrnoException) => {
    if (e.code !== 'EPIPE') throw e;
    open = false;
  });
  const write = (text: string): Promise<boolean> =>
    new Promise((resolve) => {
      if (!open) resolve(false);
      else process.stdout.write(text, () => resolve(open));
    });
  let bad = false;
  for (const file of files) {
    const input = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1 << 18 });
    try {
      if ((await decodeStream(input, options, write)).bad > 0) bad = true;
    } catch (e) {
      if (!(e instanceof Error && 'syscall' in e)) throw e;
      console.error(`${file}: ${e.message}`);
      bad = true;
    }
    if (!open) break;
  }
  return bad;
}
