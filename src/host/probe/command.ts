/** Probes that run a program: monitoring plugins and the like, and systemd by way of its own command. */
import { spawn } from 'node:child_process';
import type { Attempt, Over } from './attempt.ts';
import { quote } from './exchange.ts';
import type { CommandProbe, SystemdProbe } from './spec.ts';

/** What a program wrote beyond so many bytes is not kept. */
const OUTPUT_LIMIT = 8192;

/** What commands know of our environment. Passwords of sessions live there as well, and are nobody's affair. */
const PASSED_ON =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_.*|TZ|TMPDIR|PYTHON.*|PERL5LIB|DBUS_.*|XDG_RUNTIME_DIR)$/;

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

export function askCommand(a: Attempt, probe: CommandProbe): void {
  run(a, probe.run, (end) => {
    const said = firstLine(end.out) ?? firstLine(end.err);
    const tail = said === undefined ? '' : `: ${said}`;
    if (end.signal !== null) return a.bad(`ended by ${end.signal}${tail}`);
    if (!probe.nagios) return end.code === 0 ? a.good(`exit 0${tail}`) : a.bad(`exit ${end.code}${tail}`);
    switch (end.code) {
      case 0:
        return a.good(`OK${tail}`);
      case 1:
        return a.good(`WARNING${tail}`, { warning: true });
      case 2:
        return a.bad(`CRITICAL${tail}`);
      case 3:
        return a.bad(`UNKNOWN${tail}`);
      default:
        return a.bad(`exit ${end.code}, which is none of a monitoring plugin${tail}`);
    }
  });
}

/** What systemd says of a unit. Reloading is active; activating may still become so; stopped and failed leave no doubt. */
export function askSystemd(a: Attempt, probe: SystemdProbe): void {
  run(
    a,
    ['systemctl', 'is-active', '--', probe.unit],
    (end) => {
      const state = end.out.trim();
      if (end.code === 0) return a.good(`${probe.unit} is ${state || 'active'}`);
      if (/not been booted with systemd|Failed to connect|Host is down/i.test(end.err))
        return a.bad(`this host does not run systemd: ${firstLine(end.err)}`);
      if (end.code === 4) return a.bad(`systemd knows no unit ${probe.unit}`);
      if (state === 'failed' || state === 'inactive') return a.dead(`${probe.unit} is ${state}`);
      a.bad(
        `${probe.unit} is ${state || `in an unknown state: ${firstLine(end.err) ?? `exit ${end.code}`}`}`,
      );
    },
    'systemctl is not on this host: it does not run systemd',
  );
}

/** Programs that were killed and are not gone yet, by command line. A kernel may hold a process for as long as a disk hangs. */
const dying = new Map<string, number>();

/** Runs a program in a process group of its own. When the attempt is over, whatever is left of the group is killed. */
function run(
  a: Attempt,
  line: readonly string[],
  ended: (end: Ended) => void,
  missing = `the program ${line[0]} was not found`,
): Over {
  const key = line.join('\0');
  if (dying.has(key)) return a.bad('the run before was killed and has not ended yet');
  a.waiting = `${line[0]} did not end`;
  const child = spawn(line[0] as string, line.slice(1), {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED_ON.test(name))),
  });
  let gone = false;
  a.atEnd(() => {
    child.stdout.destroy();
    child.stderr.destroy();
    killGroup(child.pid);
    if (!gone && child.pid !== undefined) dying.set(key, (dying.get(key) ?? 0) + 1);
  });
  child.on('error', (error: NodeJS.ErrnoException) => {
    gone = true;
    if (error.code === 'ENOENT') a.bad(missing);
    else if (error.code === 'EACCES') a.bad(`${line[0]} may not be run`);
    else a.bad(`${line[0]} cannot be run: ${error.code ?? error.message}`);
  });
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  child.on('exit', (code, signal) => {
    gone = true;
    const left = (dying.get(key) ?? 0) - 1;
    if (left > 0) dying.set(key, left);
    else dying.delete(key);
    // What it wrote last may still be in the pipe; a child of it may hold the pipe open for ever.
    const tell = () => ended({ code, signal, out: out(), err: err() });
    child.once('close', tell);
    setImmediate(() => setImmediate(tell));
  });
}

/** The first bytes of what a stream brings, as text. */
function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size < OUTPUT_LIMIT) chunks.push(chunk.subarray(0, OUTPUT_LIMIT - size));
    size += chunk.length;
  });
  stream.on('error', () => {});
  return () => Buffer.concat(chunks).toString();
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
}

/** The first line, without the numbers that monitoring plugins put behind a bar. */
function firstLine(text: string): string | undefined {
  const line = text.trim().split('\n')[0]?.split('|')[0]?.trim();
  return line ? quote(line).slice(1, -1) : undefined;
}
