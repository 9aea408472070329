/** The scenarios: what is done to a device and what is measured. All times are milliseconds on one monotonic clock. */
import { sleep } from '../test/interop/process.ts';
import type { Kind, Router } from '../test/interop/router.ts';
import { cost, direct, feederAddress, feederAsn, type Ground, ground, relayed } from './device.ts';
import { prefixBytes, prefixes, prefixIndex, update, updatesFile, withdrawal } from './table.ts';

const SEED = 20260101;

export interface FullTable {
  /** From the first byte sent to the last prefix seen. */
  readonly through: number;
  /** From the first byte sent to the first prefix seen. */
  readonly first: number;
  readonly megabytes: number;
  readonly cpuSeconds: number;
  /** One withdrawal through the full table, each measured by itself. */
  readonly withdrawals: readonly number[];
  /** The feeder's session is gone: until the first and until the last withdrawal. */
  readonly lossFirst: number;
  readonly lossAll: number;
}

export interface Churn {
  /** From the first byte sent until the sink holds every prefix. */
  readonly complete: number;
  /** From the first byte sent until everything is processed and the last change seen. */
  readonly settled: number;
  readonly megabytes: number;
  readonly cpuSeconds: number;
  /** Announcements that the sink received for its prefixes. */
  readonly announced: number;
}

const PATIENCE_MS = 240_000;

/** A full table in and out, then single withdrawals through it, then the loss of the peer. */
export async function fullTable(kind: Kind, count: number, withdrawals: number): Promise<FullTable> {
  const g = await ground(kind, 1);
  try {
    const used = cost(g.router as Router).seconds;
    const { through, first } = await pour(g, count);
    const { megabytes, seconds } = cost(g.router as Router);
    await quiet(g.router as Router);
    const latencies = await withdrawEach(g, count, withdrawals);
    g.sink.tell({ do: 'expect', count: 0 });
    await sleep(50);
    const dropped = await g.feeder.ask({ do: 'drop', session: 0 }, 'dropped', 5000);
    const gone = await g.sink.next('reached', PATIENCE_MS);
    g.sink.never('wrong');
    return {
      through,
      first,
      megabytes,
      cpuSeconds: seconds - used,
      withdrawals: latencies,
      lossFirst: Number(gone['firstWithdrawal']) - Number(dropped['at']),
      lossAll: Number(gone['at']) - Number(dropped['at']),
    };
  } finally {
    await g.end();
  }
}

/** What feeder and sink do with nothing between them, or with a process that only passes bytes on. No device can look quicker. */
export async function baseline(
  between: 'nothing' | 'relay',
  count: number,
  withdrawals: number,
): Promise<FullTable> {
  const g = between === 'nothing' ? await direct() : await relayed();
  try {
    const { through, first } = await pour(g, count);
    const latencies = await withdrawEach(g, count, withdrawals);
    return { through, first, megabytes: 0, cpuSeconds: 0, withdrawals: latencies, lossFirst: 0, lossAll: 0 };
  } finally {
    await g.end();
  }
}

async function pour(g: Ground, count: number): Promise<{ through: number; first: number }> {
  const table = { count, seed: SEED, paths: 1, asn: feederAsn(0), nextHop: feederAddress(0) };
  await g.feeder.ask({ do: 'load', session: 0, file: updatesFile(table) }, 'loaded', 30_000);
  g.sink.tell({ do: 'expect', count });
  await sleep(1000);
  const blast = await g.feeder.ask({ do: 'blast' }, 'blast', 10_000);
  const reached = await g.sink.next('reached', PATIENCE_MS);
  const start = Number(blast['at']);
  return { through: Number(reached['at']) - start, first: Number(reached['first']) - start };
}

async function withdrawEach(g: Ground, count: number, how: number): Promise<number[]> {
  const list = prefixes(SEED, count);
  const latencies: number[] = [];
  for (let i = 0; i < how; i++) {
    const prefix = list[Math.floor(((i + 0.5) * count) / how)] as number;
    g.sink.tell({ do: 'watch', prefix });
    await sleep(15);
    const hex = withdrawal([prefixBytes(prefix)]).toString('hex');
    const wrote = await g.feeder.ask({ do: 'write', session: 0, hex }, 'wrote', 5000);
    const gone = await g.sink.next('gone', 30_000);
    latencies.push(Number(gone['at']) - Number(wrote['at']));
  }
  return latencies;
}

/**
 * Several peers send the same prefixes with different paths, all at once. Each ends with a prefix of its own; when the sink
 * has seen all of those and then nothing for a second, all is settled.
 */
export async function churn(kind: Kind, peers: number, count: number): Promise<Churn> {
  const g = await ground(kind, peers);
  try {
    const used = cost(g.router as Router).seconds;
    for (let i = 0; i < peers; i++) {
      const table = { count, seed: SEED, paths: i + 1, asn: feederAsn(i), nextHop: feederAddress(i) };
      const own = prefixBytes(prefixIndex(((10 << 24) | (i << 16)) >>> 0, 24));
      const more = update([feederAsn(i)], feederAddress(i), [own]).toString('hex');
      await g.feeder.ask({ do: 'load', session: i, file: updatesFile(table), more }, 'loaded', 30_000);
    }
    g.sink.tell({ do: 'expect', count });
    await sleep(1000);
    const blast = await g.feeder.ask({ do: 'blast' }, 'blast', 10_000);
    const complete = await g.sink.next('reached', PATIENCE_MS);
    const reached = await g.sink.ask({ do: 'expect', count: count + peers }, 'reached', PATIENCE_MS);
    let last = Number(reached['at']);
    let announced = 0;
    for (let still = false; !still; ) {
      await sleep(1000);
      const stats = await g.sink.ask({ do: 'stats' }, 'stats', 10_000);
      still = Number(stats['at']) - Number(stats['lastUpdate']) > 900;
      last = Math.max(last, Number(stats['lastUpdate']));
      announced = Number(stats['announced']);
    }
    g.sink.never('wrong');
    const { megabytes, seconds } = cost(g.router as Router);
    return {
      complete: Number(complete['at']) - Number(blast['at']),
      settled: last - Number(blast['at']),
      megabytes,
      cpuSeconds: seconds - used,
      announced,
    };
  } finally {
    await g.end();
  }
}

/** Waits until the device has nothing left to do: less than a twentieth of a core over half a second. */
async function quiet(router: Router): Promise<void> {
  for (let i = 0; i < 60; i++) {
    const before = cost(router).seconds;
    await sleep(500);
    if (cost(router).seconds - before <= 0.025) return;
  }
}
