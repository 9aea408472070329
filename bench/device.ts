/** What a run of the bench stands on: the device under test in one namespace, feeders and sink in another, a veth between. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Star } from '../test/interop/namespace.ts';
import { Daemon, must, until } from '../test/interop/process.ts';
import type { Kind, Neighbor, Router, Spec } from '../test/interop/router.ts';
import type { FeederCommand } from './feeder.ts';
import { Peer } from './peer.ts';
import type { SinkCommand } from './sink.ts';

export const DEVICE = '10.9.1.1';
export const SINK = '10.9.1.2';
const SINK_ASN = 65100;
const DEVICE_ASN = 64500;

export function feederAddress(session: number): string {
  return `10.9.1.${11 + session}`;
}

export function feederAsn(session: number): number {
  return 65001 + session;
}

export interface Ground {
  readonly star: Star;
  readonly feeder: Peer<FeederCommand>;
  readonly sink: Peer<SinkCommand>;
  readonly router: Router | undefined;
  end(): Promise<void>;
}

/** Starts the device and brings every session up: the sink first, so that nothing is sent to it in one piece later. */
export async function ground(kind: Kind, feeders: number): Promise<Ground> {
  const { star, feeder, sink, end } = await place(feeders);
  const folder = join(star.folder, 'device');
  mkdirSync(folder);
  const common = { local: DEVICE, families: ['ipv4'], link: 'link1', passive: true, holdTime: 240 } as const;
  const neighbors: Neighbor[] = [{ ...common, asn: SINK_ASN, address: SINK }];
  for (let i = 0; i < feeders; i++)
    neighbors.push({ ...common, asn: feederAsn(i), address: feederAddress(i) });
  const spec: Spec = { asn: DEVICE_ASN, id: '10.9.0.1', neighbors, announce: [] };
  const router = kind.make(spec, star.hub, folder);
  const all = async () => {
    await router.stop().catch(() => undefined);
    await end();
  };
  try {
    await router.start();
    await sink.ask(
      { do: 'connect', asn: SINK_ASN, device: DEVICE_ASN, local: SINK, remote: DEVICE },
      'up',
      30_000,
    );
    for (let i = 0; i < feeders; i++)
      await feeder.ask(
        { do: 'connect', session: i, asn: feederAsn(i), local: feederAddress(i), remote: DEVICE },
        'up',
        30_000,
      );
  } catch (error) {
    const log = router.log().split('\n').slice(-15).join('\n');
    await all();
    throw new Error(`${kind.name}: ${(error as Error).message}\n${log}`);
  }
  return { star, feeder, sink, router, end: all };
}

/** Feeder and sink on the two ends of the same link with nothing between: what the bench itself can do. */
export async function direct(): Promise<Ground> {
  const { star, feeder, sink, end } = await place(1, true);
  sink.tell({ do: 'listen', asn: SINK_ASN, local: DEVICE });
  const session = {
    do: 'connect',
    session: 0,
    asn: feederAsn(0),
    local: feederAddress(0),
    remote: DEVICE,
  } as const;
  await feeder.ask(session, 'up', 10_000);
  return { star, feeder, sink, router: undefined, end };
}

/** The same with a process between that only passes bytes on: the floor for anything written in this language. */
export async function relayed(): Promise<Ground> {
  const { star, feeder, sink, end } = await place(1);
  sink.tell({ do: 'listen', asn: SINK_ASN, local: SINK });
  const file = fileURLToPath(new URL('./relay.ts', import.meta.url));
  const log = join(star.folder, 'relay.log');
  const relay = new Daemon(star.hub.inside([process.execPath, file, DEVICE, DEVICE, SINK]), log);
  await until('the relay listens', async () => relay.output().includes('listening'));
  const session = {
    do: 'connect',
    session: 0,
    asn: feederAsn(0),
    local: feederAddress(0),
    remote: DEVICE,
  } as const;
  await feeder.ask(session, 'up', 10_000);
  const all = async () => {
    await relay.end('SIGKILL');
    await end();
  };
  return { star, feeder, sink, router: undefined, end: all };
}

async function place(feeders: number, apart = false) {
  const star = await Star.make(1);
  const spoke = star.spokes[0];
  if (spoke === undefined) throw new Error('no spoke');
  for (let i = 0; i < feeders; i++)
    await must(['ip', '-n', spoke.name, 'addr', 'add', `${feederAddress(i)}/24`, 'dev', 'link1']);
  const feeder = Peer.feeder(spoke);
  const sink = Peer.sink(apart ? star.hub : spoke);
  const end = async () => {
    feeder.end();
    sink.end();
    await star.destroy();
  };
  return { star, feeder, sink, end };
}

export interface Cost {
  /** Peak resident memory, summed over the device's processes. */
  readonly megabytes: number;
  /** CPU time used so far. */
  readonly seconds: number;
}

export function cost(router: Router): Cost {
  let kilobytes = 0;
  let ticks = 0;
  for (const pid of router.pids()) {
    kilobytes += Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return { megabytes: (kilobytes * 1024) / 1e6, seconds: ticks / 100 };
}
