/**
 * Addresses on this machine for everything that has one in the plan. Where all of 127.0.0.0/8 is ours (Linux), a running world takes
 * a block 127.100.0.0/16 … 127.119.0.0/16 that no other has; elsewhere it makes do with ports of 127.0.0.1.
 */
import net from 'node:net';
import type { Address } from '../base/index.ts';
import { HostError } from '../host/index.ts';
import type { DoorPlace } from './internet.ts';

export interface Place {
  readonly address: Address;
  readonly port: number;
}

export interface Ground {
  /** Where the n-th upstream of the s-th site listens, and from where the agent comes. Both count from 0. */
  door(s: number, n: number): DoorPlace;
  /** Where the n-th service of the s-th site listens. */
  service(s: number, n: number, kind: 'http' | 'dns'): Place;
  /** Where tickets are handed out. */
  readonly controller: Place;
  release(): Promise<void>;
}

/** How many sites, upstreams a site and services there is room for. */
export const MOST_SITES = 250;
export const MOST_UPSTREAMS = 90;
export const MOST_SERVICES = 50;

const FIRST_BLOCK = 100;
const BLOCKS = 20;
/** A port nobody serves at: whoever listens there holds the block. */
const CLAIM = 4785;
const CONTROLLER = 4786;
/** Without addresses of our own: ports from here on. */
const PORTS = 20_000;
const PORTS_PER_SITE = 64;

/** Takes a block of addresses. Rejects with a {@link HostError} when all are taken. */
export async function claimGround(): Promise<Ground> {
  for (let block = FIRST_BLOCK; block < FIRST_BLOCK + BLOCKS; block++) {
    const claim = await tryClaim(`127.${block}.0.1`, CLAIM);
    if (typeof claim === 'object') return wide(block, claim);
    if (claim === 'none') break;
  }
  const claim = await tryClaim('127.0.0.1', PORTS - 1);
  if (typeof claim === 'object') return narrow(claim);
  throw new HostError('in-use', `${BLOCKS} of these worlds run on this machine already: end one first`);
}

function wide(block: number, claim: net.Server): Ground {
  const at = (s: number, n: number) => `127.${block}.${s + 1}.${n}` as Address;
  return {
    door: (s, n) => ({ address: at(s, 1 + n), port: 0, from: at(s, 101 + n) }),
    service: (s, n, kind) => ({ address: at(s, 200 + n), port: kind === 'http' ? 8080 : 8053 }),
    controller: { address: `127.${block}.0.1` as Address, port: CONTROLLER },
    release: () => close(claim),
  };
}

function narrow(claim: net.Server): Ground {
  const address = '127.0.0.1' as Address;
  return {
    door: () => ({ address, port: 0, from: address }),
    service: (s, n) => ({ address, port: PORTS + s * PORTS_PER_SITE + n }),
    controller: { address, port: CONTROLLER },
    release: () => close(claim),
  };
}

/** `taken`: somebody has it; `none`: the machine has no such address. */
function tryClaim(host: string, port: number): Promise<net.Server | 'taken' | 'none'> {
  return new Promise((resolve) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'EADDRINUSE' ? 'taken' : 'none'),
    );
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

function close(server: net.Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
