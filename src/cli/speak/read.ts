/** From the file of `nearcast speak` to what it says, or to everything that is wrong with it. */
import { dirname, isAbsolute, join } from 'node:path';
import { type Asn, type Prefix, parsePrefix, prefixFamily } from '../../base/index.ts';
import {
  type Complaint,
  freeze,
  inOrder,
  type Path,
  type Place,
  readSource,
  type Source,
} from '../../plan/index.ts';
import { type Policy, prepended } from '../../policy/index.ts';
import type { Attribute } from '../../wire/index.ts';
import { complain, translate } from './complain.ts';
import type { Announcement, Endpoint, SpeakConfig } from './config.ts';
import { completePeer, type PeerPlace } from './peer.ts';
import { namedPolicies } from './policies.ts';
import { ANY, FILE, type File, type FileAnnouncement } from './schema.ts';

export type SpeakRead =
  | {
      readonly config: SpeakConfig;
      /** Where in the file a path of it stands. */
      readonly where: (path: Path) => Place;
    }
  | { readonly complaints: readonly Complaint[] };

/** Gives the text of a file, or why it cannot be read. */
export type ReadText = (path: string) => { readonly text: string } | { readonly error: string };

/** How many prefixes one speaker announces itself. */
const PREFIX_LIMIT = 2_000_000;

/** How much of the file stands on its own and is needed by the parts that are completed one by one. */
export interface Context {
  readonly source: Source;
  readonly asn: Asn;
  readonly policies: { readonly [name: string]: Policy };
  /** Turns a path of the file's own into one that can be opened from here. */
  readonly locate: (path: string) => string;
  readonly complaints: Complaint[];
}

/**
 * Reads a speaker's file. Every default is filled in and the value is frozen; otherwise all mistakes that can be told apart
 * are returned at once, in the order of the file. `socket` is where the control socket goes when the file does not say.
 * Never throws; no secret is in either.
 */
export function readSpeak(text: string, file: string, readText: ReadText, socket: string): SpeakRead {
  const read = readSource(text, file);
  if ('complaints' in read) return read;
  const { source } = read;
  const parsed = FILE.safeParse(source.value);
  if (!parsed.success)
    return { complaints: inOrder(parsed.error.issues.flatMap((issue) => translate(source, issue))) };
  const given = parsed.data;
  const complaints: Complaint[] = [];
  const locate = (path: string) => (isAbsolute(path) ? path : join(dirname(file), path));
  const context: Context = {
    source,
    asn: given.asn,
    policies: namedPolicies(given, source, complaints),
    locate,
    complaints,
  };
  const listen = endpoints(given.listen, context);
  const config: SpeakConfig = {
    file,
    asn: given.asn,
    id: given.id,
    listen,
    peers: peersOf(given, listen, context),
    announce: announcements(given.announce ?? [], context, readText),
    decision: {
      alwaysCompareMed: given.bestPath?.alwaysCompareMed ?? false,
      compareRouterId: given.bestPath?.compareRouterId ?? false,
      medMissingWorst: given.bestPath?.medMissingWorst ?? false,
    },
    control: given.control === 'none' ? undefined : given.control ? locate(given.control) : socket,
    log: given.log ?? 'info',
    journal: given.journal && locate(given.journal),
  };
  return complaints.length > 0
    ? { complaints: inOrder(complaints) }
    : { config: freeze(config), where: (path) => source.place(path) };
}

function endpoints(given: File['listen'], { source, complaints }: Context): readonly Endpoint[] {
  const all = (given ?? [{ addresses: ANY, port: 179 }]).flatMap(({ addresses, port }) =>
    addresses.map((address) => ({ address, port })),
  );
  const seen = new Set<string>();
  for (const { address, port } of all) {
    const key = `${address} ${port}`;
    if (seen.has(key))
      complaints.push(complain(source, ['listen'], 'each address and port once', { found: `${key} twice` }));
    seen.add(key);
  }
  return all;
}

function peersOf(given: File, listen: readonly Endpoint[], context: Context): SpeakConfig['peers'] {
  const places = new Map<string, PeerPlace>();
  return Object.entries(given.peers ?? {}).flatMap(([name, peer]) => {
    const complete = completePeer(name, peer, given.peerDefaults ?? {}, context, places);
    if (complete?.passive && listen.length === 0)
      context.complaints.push(
        complain(context.source, ['peers', name, 'passive'], 'false, because listen is none', {
          found: 'a peer that is waited for',
        }),
      );
    return complete ?? [];
  });
}

function announcements(
  given: readonly FileAnnouncement[],
  context: Context,
  readText: ReadText,
): readonly Announcement[] {
  const { source, complaints } = context;
  const seen = new Set<Prefix>();
  const all = given.map((entry, i): Announcement => {
    const path: Path = ['announce', i];
    const { nextHop, prefix: own = [], fromFile } = entry;
    const prefixes =
      fromFile === undefined ? own : [...own, ...prefixesOf(fromFile, path, context, readText)];
    for (const prefix of prefixes) {
      if (seen.has(prefix))
        complaints.push(complain(source, path, 'each prefix once', { found: `${prefix} a second time` }));
      seen.add(prefix);
    }
    const wrong = nextHop && !nextHop.includes(':') && prefixes.find((p) => prefixFamily(p) === 6);
    if (wrong)
      complaints.push(complain(source, [...path, 'next-hop'], `an IPv6 address, because ${wrong} is IPv6`));
    return { prefixes, ...(nextHop ? { nextHop } : {}), attributes: attributesOf(entry, context.asn) };
  });
  if (seen.size > PREFIX_LIMIT)
    complaints.push(
      complain(source, ['announce'], `at most ${PREFIX_LIMIT} prefixes`, { found: `${seen.size} prefixes` }),
    );
  return all.filter((a) => a.prefixes.length > 0);
}

/** A file with one prefix a line; `#` begins a comment. */
function prefixesOf(path: string, at: Path, context: Context, readText: ReadText): readonly Prefix[] {
  const file = context.locate(path);
  const read = readText(file);
  if ('error' in read) {
    const allowed = `a file that can be read; ${file}: ${read.error}`;
    context.complaints.push(complain(context.source, [...at, 'from-file'], allowed));
    return [];
  }
  const prefixes: Prefix[] = [];
  let wrong = 0;
  for (const [i, line] of read.text.split('\n').entries()) {
    const entry = line.replace(/#.*/, '').trim();
    if (entry === '') continue;
    const prefix = parsePrefix(entry);
    if (prefix) prefixes.push(prefix);
    else if (wrong++ < 20)
      context.complaints.push({
        file,
        line: i + 1,
        column: line.search(/\S/) + 1,
        path: '',
        found: JSON.stringify(entry.slice(0, 60)),
        allowed: 'a prefix such as 203.0.113.0/24, no bits set behind its length',
      });
  }
  return prefixes;
}

function attributesOf(a: FileAnnouncement, asn: Asn): readonly Attribute[] {
  return [
    { kind: 'origin', origin: a.origin ?? 'igp' },
    { kind: 'asPath', path: prepended(a.asPath ?? [], asn, a.prepend ?? 0) },
    ...(a.med === undefined ? [] : [{ kind: 'med' as const, med: a.med }]),
    ...(a.localPref === undefined ? [] : [{ kind: 'localPref' as const, localPref: a.localPref }]),
    ...(a.communities ? [{ kind: 'communities' as const, communities: a.communities }] : []),
    ...(a.extendedCommunities
      ? [{ kind: 'extendedCommunities' as const, communities: a.extendedCommunities }]
      : []),
    ...(a.largeCommunities ? [{ kind: 'largeCommunities' as const, communities: a.largeCommunities }] : []),
  ];
}
