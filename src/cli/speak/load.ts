/** The file of `nearcast speak` on this machine: the files beside it, its secrets, and where its socket is. */
import { readFileSync, statSync } from 'node:fs';
import type { Complaint, Path, Place } from '../../plan/index.ts';
import { defaultSocket } from '../socket.ts';
import type { SecretSource } from './config.ts';
import { type ReadText, readSpeak, type SpeakRead } from './read.ts';

/** Files beside the configuration may be this large: a million prefixes are about 20 MB. */
const FILE_LIMIT = 100_000_000;

/** Reads the file and all it names, except secrets. Complaints instead when anything is wrong. */
export function loadSpeakFile(file: string): SpeakRead {
  const read = readText(file);
  if ('error' in read)
    return {
      complaints: [
        { file, line: 1, column: 1, path: '', found: read.error, allowed: 'a file that can be read' },
      ],
    };
  return readSpeak(read.text, file, readText, defaultSocket());
}

/** `nearcast speak --check FILE`: everything that would keep it from starting, secrets included; empty when nothing would. */
export function checkSpeakFile(
  file: string,
  env: { readonly [name: string]: string | undefined },
): readonly Complaint[] {
  const read = loadSpeakFile(file);
  if ('complaints' in read) return read.complaints;
  const secrets = readSecrets(read, env);
  return 'complaints' in secrets ? secrets.complaints : [];
}

/** The passwords by peer name. They are kept apart from the configuration, which may be printed. */
export function readSecrets(
  { config, where }: Extract<SpeakRead, { readonly config: unknown }>,
  env: { readonly [name: string]: string | undefined },
): { readonly passwords: ReadonlyMap<string, string> } | { readonly complaints: readonly Complaint[] } {
  const passwords = new Map<string, string>();
  const complaints: Complaint[] = [];
  for (const { name, password } of config.peers) {
    if (!password) continue;
    const read = readSecret(password, env);
    if ('text' in read) passwords.set(name, read.text);
    else
      complaints.push({
        ...secretPlace(where, name),
        path: `peers.${name}.password`,
        found: read.error,
        allowed: 'a password of 1 to 80 bytes (RFC 2385)',
      });
  }
  return complaints.length > 0 ? { complaints } : { passwords };
}

/** Where the peer names its password; it may stand in the defaults. */
function secretPlace(where: (path: Path) => Place, name: string): Place {
  const peer = where(['peers', name]);
  const places = ['password', 'password-file'].map((key) => where(['peers', name, key]));
  return places.find((p) => p.line !== peer.line || p.column !== peer.column) ?? peer;
}

function readSecret(
  source: SecretSource,
  env: { readonly [name: string]: string | undefined },
): { readonly text: string } | { readonly error: string } {
  if (source.from === 'env') {
    const text = env[source.name];
    if (text === undefined) return { error: `no ${source.name} in the environment` };
    return fits(text) ? { text } : { error: `an unfit ${source.name} in the environment` };
  }
  const read = readText(source.path);
  if ('error' in read) return { error: `${source.path}: ${read.error}` };
  const text = read.text.replace(/\r?\n$/, '');
  return fits(text) ? { text } : { error: `an unfit password in ${source.path}` };
}

/** The kernel takes 80 bytes. */
function fits(password: string): boolean {
  const length = Buffer.byteLength(password);
  return length > 0 && length <= 80 && !/[\r\n]/.test(password);
}

const readText: ReadText = (path) => {
  try {
    if (statSync(path).size > FILE_LIMIT) return { error: `larger than ${FILE_LIMIT / 1e6} MB` };
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      error:
        code === 'ENOENT' ? 'no such file' : code === 'EACCES' ? 'no permission' : `cannot be read (${code})`,
    };
  }
};
