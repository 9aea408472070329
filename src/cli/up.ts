/** `nearcast up`: the whole network of a plan on this machine, with an internet around it and real clients in front. */

import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { readBitRate } from '../plan/index.ts';
import { EXIT, Failure } from './failure.ts';
import { readPlan } from './plan-file.ts';
import { readUpWorld } from './up-world.ts';

/** What `up` is asked for. */
export interface UpSettings {
  readonly file: string;
  /** Where clients come in; the first has to be had. */
  readonly hosts: readonly string[];
  readonly http: number;
  readonly dns: number;
  /** Where the page is: `auto` is the usual port, or another when that is taken. */
  readonly page: number | 'auto' | 'off';
  /** Folder of what happened; `none` keeps nothing; undefined: where it usually is. */
  readonly state?: string | undefined;
  readonly name: string;
  readonly ases: number;
  readonly seed: number;
  /** Bits per second that all clients together ask for; undefined: as is usual. */
  readonly demand: number | undefined;
  /** The AS graph that the page predicts with; undefined: that of the internet around it. */
  readonly world: (() => Promise<Uint8Array>) | undefined;
  /** Ask once from everywhere, say what came, and end. */
  readonly attempt: boolean;
  readonly json: boolean;
}

/** The plan that comes with us. */
export const PLANET = fileURLToPath(new URL('../../examples/planet/network.yaml', import.meta.url));

/** The internet that is made unless another is asked for. */
export const ASES = 92;
export const SEED = 46;

const EXAMPLES = `
Examples:
  nearcast up                                          eight sites on five continents, and the internet between them
  nearcast up network.yaml                             your own plan
  nearcast up --page 9000                              its page at another port than 8070; --page off: none
  nearcast up network.yaml --world internet.world      what would be, on the real internet's graph
  nearcast up network.yaml --try                       whether it works, in a script: starts it, asks, and ends

Then, from another terminal:
  curl --interface 127.81.0.1 http://127.0.0.1:8080/   a client in Japan: calling code 81
  dig @127.0.0.1 -p 8053 -b 127.49.0.1 id.server CH TXT +short
  nearcast who --from Nairobi                          where it lands, and the way it takes
  nearcast kill tyo                                    kill -9 of an agent; heal tyo starts it again
  nearcast kill controller                             nobody hands out tickets; heal controller
  nearcast fail resolver at tyo                        a service that does not answer; heal makes it well
  nearcast cut tyo as64607                             a cut cable
  nearcast drain tyo --reason upgrade                  move its clients away first

A client's place is its source address: 127.81.0.1 is the largest city of the country with calling code 81, 127.81.1.1 its second
largest; 127.3.53.1 is 353, Ireland. On IPv6 there is only ::1, and elsewhere than on Linux only 127.0.0.1; there a header says it, or the
client subnet of a query:
  curl -H 'X-Vantage: Tokyo' 'http://[::1]:8080/'      or http://[::1]:8080/?vantage=tyo
  dig @::1 -p 8053 +subnet=127.81.0.1 id.server CH TXT +short
Clients on IPv6 go by the plan's IPv6 prefix, where it has one.

Exit: 0 ended as asked; 1 it could not start; 2 the plan is wrong; 4 --try, and somebody was not served as the routes say.`;

export function upCommand(run: (settings: UpSettings) => Promise<void>): Command {
  return new Command('up')
    .description(
      'run the whole network of a plan on this machine, with an internet of autonomous systems around it',
    )
    .argument('[plan]', 'the plan; the eight sites of examples/planet unless given')
    .option('--http <port>', 'where HTTP clients come in; 0 lets the system choose', port, 8080)
    .option('--dns <port>', 'where DNS clients come in; 0 lets the system choose', port, 8053)
    .option('--host <address>', 'the address for both; 127.0.0.1 and ::1 unless given')
    .option(
      '--page <port>',
      'where the page of the network is, on 127.0.0.1; 8070 unless given; or off',
      pageAt,
    )
    .option('--state <folder>', 'where the page keeps what happened, or none')
    .option('--name <name>', 'a name of its own, for a second world beside another', 'up')
    .option('--ases <number>', 'autonomous systems beside the upstreams of the plan', whole(20, 2000), ASES)
    .option('--seed <number>', 'another internet', whole(0, 0xffff_ffff), SEED)
    .option(
      '--demand <rate>',
      'what all clients together ask for; a quarter of what the sites can serve',
      bits,
    )
    .option(
      '--world <file>',
      'the AS graph of `nearcast data pack`, for what the page predicts; that of the internet here unless given',
    )
    .option('--try', 'ask once over HTTP and DNS from all over the world, say who answered, and end')
    .option('--json', 'one JSON object a line for everything that happens')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, o: Options) => {
      const { host, demand, try: attempt, json, page, world, ...rest } = o;
      const hosts = host === undefined ? ['127.0.0.1', '::1'] : [host];
      const packed = world === undefined ? undefined : readUpWorld(world);
      const settings = {
        ...rest,
        file: file ?? PLANET,
        hosts,
        demand,
        world: packed && (async () => packed),
        page: page ?? ('auto' as const),
        attempt: attempt === true,
        json: json === true,
      };
      const { plan } = readPlan(settings.file);
      if (Object.values(plan.sites).every((s) => Object.keys(s.upstreams).length === 0))
        throw new Failure(
          `${settings.file} gives no site an upstream, so nobody would ever hear of it`,
          EXIT.usage,
        );
      await run(settings);
    });
}

type Options = Omit<UpSettings, 'file' | 'hosts' | 'demand' | 'world' | 'page' | 'attempt' | 'json'> & {
  readonly page?: number | 'off';
  readonly host?: string;
  readonly demand?: number;
  readonly world?: string;
  readonly try?: true;
  readonly json?: true;
};

function bits(text: string): number {
  const rate = readBitRate(text);
  if (rate !== undefined) return rate;
  throw new InvalidArgumentError('it is a bit rate such as 800 Gbps.');
}

function pageAt(text: string): number | 'off' {
  return text === 'off' ? 'off' : port(text);
}

function port(text: string): number {
  const n = Number(text);
  if (/^\d{1,5}$/.test(text) && n <= 65_535) return n;
  throw new InvalidArgumentError('a port is a number from 0 to 65535.');
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (/^\d{1,10}$/.test(text) && n >= least && n <= most) return n;
    throw new InvalidArgumentError(`it is a whole number from ${least} to ${most}.`);
  };
}
