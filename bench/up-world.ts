/** A running `nearcast up` to be measured. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type UpView, upSocket } from '../src/cli/up-views.ts';
import { type ControlClient, connectControl } from '../src/host/index.ts';

export interface UpWorld {
  readonly child: ChildProcess;
  /** What it said when it was ready. */
  readonly ready: { readonly [name: string]: unknown };
  /** From the start of the process. */
  readonly readyMs: number;
  readonly control: ControlClient;
  view(): Promise<UpView>;
  /** Everything announces and every vantage has a way, for a second. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const bin = fileURLToPath(new URL('../bin/nearcast', import.meta.url));

/** Rejects when it ends before it is ready. Ends with us. */
export async function startWorld(name: string, plan: string | undefined): Promise<UpWorld> {
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [
      bin,
      'up',
      ...(plan === undefined ? [] : [plan]),
      '--json',
      '--http',
      '0',
      '--dns',
      '0',
      '--state',
      'none',
      '--name',
      name,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const end = () => child.kill('SIGTERM');
  process.on('exit', end);
  const ready = await firstReady(child);
  const readyMs = performance.now() - began;
  const control = await connectControl(upSocket(name), { timeoutMs: 20_000 });
  const view = async () => (await control.call('status')) as UpView;
  return {
    child,
    ready,
    readyMs,
    control,
    view,
    settled: async () => {
      for (let i = 0; i < 600 && !(await view()).ready; i++) await pause(100);
      await pause(1000);
    },
    stop: async () => {
      control.close();
      process.off('exit', end);
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    },
  };
}

function firstReady(child: ChildProcess): Promise<{ readonly [name: string]: unknown }> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', (code) => reject(new Error(`nearcast up ended with ${code}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const lines = text.split('\n');
      text = lines.pop() as string;
      for (const line of lines) {
        const said = JSON.parse(line) as { readonly [name: string]: unknown };
        if (said['kind'] === 'ready') resolve(said);
      }
    });
  });
}

export function pause(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}
