/**
 * How fast bytes go through host's connections over loopback: `node bench/host-tcp.ts [megabytes]`.
 *
 * The sender is a process of its own, so that each end has a core; each line names the size of a `write`. `plain` is a
 * bare `net.Socket` with 'data' events at both ends, for comparison.
 */
import { fork } from 'node:child_process';
import net from 'node:net';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Address } from '../src/base/index.ts';
import { dial, guestAt, listen } from '../src/host/index.ts';

const LOOP = '127.0.0.1' as Address;
const SIZES = [64, 512, 4096, 65_536];

interface Order {
  readonly port: number;
  readonly size: number;
  readonly total: number;
  readonly plain: boolean;
}

if (process.send) {
  process.once('message', (order: Order) => (order.plain ? sendPlain(order) : send(order)));
} else await main();

async function main(): Promise<void> {
  const total = Number(process.argv[2] ?? 2000) * 1e6;
  console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, ${total / 1e6} MB each`);
  console.log('way      write    MB/s  µs/write (sender)  receiver CPU s');
  for (const plain of [true, false]) {
    for (const size of SIZES) {
      const bytes = Math.min(total, size * 4_000_000);
      const r = await measure(bytes, size, plain);
      console.log(
        `${plain ? 'plain ' : 'ours  '}  ${String(size).padStart(6)}  ${r.mbps.toFixed(0).padStart(6)}  ${r.usPerWrite.toFixed(2).padStart(17)}  ${r.cpu.toFixed(2).padStart(14)}`,
      );
    }
  }
}

async function measure(total: number, size: number, plain: boolean) {
  let received = 0;
  let began = 0;
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const take = (n: number): void => {
    if (received === 0) began = performance.now();
    received += n;
    if (received >= total) finish();
  };
  const { port, close } = plain ? await listenPlain(take) : await listenOurs(take);
  const child = fork(fileURLToPath(import.meta.url), { stdio: 'inherit' });
  const report = new Promise<{ writes: number; ms: number }>((resolve) =>
    child.once('message', (m) => resolve(m as { writes: number; ms: number })),
  );
  const exit = new Promise((resolve) => child.once('exit', resolve));
  const cpu = process.cpuUsage();
  child.send({ port, size, total, plain } satisfies Order);
  await finished;
  const ms = performance.now() - began;
  const used = process.cpuUsage(cpu);
  const { writes, ms: sendMs } = await report;
  await exit;
  await close();
  return {
    mbps: total / 1000 / ms,
    usPerWrite: (sendMs * 1000) / writes,
    cpu: (used.user + used.system) / 1e6,
  };
}

async function listenOurs(take: (n: number) => void) {
  const listener = await listen(
    { address: LOOP, port: 0 },
    { accepted: () => ({ data: (chunk) => take(chunk.length), closed: () => {} }) },
  );
  listener.admit(guestAt(LOOP));
  return { port: listener.port, close: () => listener.close() };
}

async function listenPlain(take: (n: number) => void) {
  const server = net.createServer((socket) => socket.on('data', (chunk) => take(chunk.length)));
  await new Promise<void>((resolve) => server.listen(0, LOOP, resolve));
  const port = (server.address() as net.AddressInfo).port;
  return { port, close: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

/** Writes until told to wait, then again when there is room; the time counts until the last byte is with the kernel. */
function send({ port, size, total }: Order): void {
  const message = new Uint8Array(size).fill(1);
  let writes = 0;
  let began = 0;
  dial(
    { address: LOOP, port },
    {
      failed: (error) => {
        throw error;
      },
      up: (connection) => {
        const fill = (): void => {
          while (writes * size < total) {
            writes++;
            if (!connection.write(message)) return;
          }
          const ms = performance.now() - began;
          void connection.close().then(() => process.send?.({ writes, ms }, () => process.disconnect()));
        };
        began = performance.now();
        process.nextTick(fill);
        return { data: () => {}, drain: fill, closed: () => {} };
      },
    },
  );
}

function sendPlain({ port, size, total }: Order): void {
  const message = new Uint8Array(size).fill(1);
  let writes = 0;
  const socket = net.connect(port, LOOP, () => {
    const began = performance.now();
    const fill = (): void => {
      while (writes * size < total) {
        writes++;
        if (!socket.write(message)) {
          socket.once('drain', fill);
          return;
        }
      }
      const ms = performance.now() - began;
      socket.end(() => process.send?.({ writes, ms }, () => process.disconnect()));
    };
    fill();
  });
}
