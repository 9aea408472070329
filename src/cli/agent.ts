/** `nearcast agent PLAN --site SITE`: runs the daemon of a site until it is told to stop. */
import { Command, InvalidArgumentError } from 'commander';
import { type Address, parseAddress } from '../base/index.ts';
import { EXIT, Failure } from './failure.ts';

/** What the command line says; the plan says the rest. */
export interface AgentSettings {
  readonly file: string;
  readonly site: string;
  readonly socket?: string;
  readonly state?: string;
  readonly listen?: readonly At[];
  readonly metrics?: At;
  readonly journal?: string;
  readonly log: 'error' | 'warn' | 'info' | 'debug';
}

export interface At {
  readonly address: Address;
  readonly port: number;
}

/** Runs the agent; resolves when it has stopped. */
export type RunAgent = (settings: AgentSettings) => Promise<void>;

/** Nobody else's in the registry of exporters' ports. */
const METRICS: At = { address: '127.0.0.1' as Address, port: 9786 };

const EXAMPLES = `
Examples:
  nearcast agent network.yaml --site fra                    run it; Ctrl-C withdraws everything and stops it
  nearcast agent network.yaml --site fra --check            read the plan and the secrets, start nothing
  nearcast agent network.yaml --site fra --metrics none     without metrics
  nearcast status fra                                       ask it, from another terminal
  kill -HUP PID                                             follow the changed plan, as 'nearcast reload' does

An upstream is dialled, unless the plan says that it is passive: then the agent listens at the session's local address.
Exit: 0 stopped as asked, 1 it could not start, 2 the plan is wrong or has no such site.`;

interface Options {
  readonly site: string;
  readonly socket?: string;
  readonly state?: string;
  readonly listen?: string[];
  readonly metrics: At | 'none';
  readonly journal?: string;
  readonly log: AgentSettings['log'];
  readonly check?: true;
}

export function agentCommand(run: RunAgent, check: (file: string, site: string) => Promise<string>): Command {
  return new Command('agent')
    .description('announce the prefixes of a site while its services deserve it')
    .argument('<plan>', 'the plan (YAML)')
    .requiredOption('--site <name>', 'which site this machine is')
    .option(
      '--socket <path>',
      'control socket, or none (default: agent-SITE.sock where `nearcast status` looks)',
    )
    .option('--state <folder>', 'where state and audit log are kept, or none')
    .option('--listen <address:port...>', 'wait for upstreams here, or none')
    .option('--metrics <address:port>', 'Prometheus metrics, or none', metricsAt, METRICS)
    .option('--journal <file>', 'write down everything that reaches the speaker, for `nearcast replay`')
    .option('--log <level>', 'error, warn, info or debug', level, 'info')
    .option('--check', 'read the plan and the secrets, start nothing')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, o: Options) => {
      if (o.check) {
        process.stdout.write(`${await check(file, o.site)}\n`);
        return;
      }
      await run({
        file,
        site: o.site,
        log: o.log,
        ...(o.socket === undefined ? {} : { socket: o.socket }),
        ...(o.state === undefined ? {} : { state: o.state }),
        ...(o.listen === undefined ? {} : { listen: o.listen.flatMap(listenAt) }),
        ...(o.metrics === 'none' ? {} : { metrics: o.metrics }),
        ...(o.journal === undefined ? {} : { journal: o.journal }),
      });
    });
}

function level(text: string): AgentSettings['log'] {
  const found = (['error', 'warn', 'info', 'debug'] as const).find((l) => l === text);
  if (found) return found;
  throw new InvalidArgumentError('error, warn, info or debug.');
}

function metricsAt(text: string): At | 'none' {
  if (text === 'none') return text;
  const at = /^\d+$/.test(text) ? { ...METRICS, port: Number(text) } : endpointOf(text);
  if (at && at.port <= 65_535) return at;
  throw new InvalidArgumentError(
    'a port, an address and port such as 127.0.0.1:9786 or [::1]:9786, or none.',
  );
}

function listenAt(text: string): readonly At[] {
  if (text === 'none') return [];
  const at = endpointOf(text);
  if (at) return [at];
  throw new Failure(
    `--listen ${text}: an address and port such as 198.51.100.2:179 or [2001:db8::2]:179, or none`,
    EXIT.usage,
  );
}

/** `192.0.2.1:179`, `[2001:db8::1]:179`. */
function endpointOf(text: string): At | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const address = parts && parseAddress((parts[1] ?? parts[2]) as string);
  const port = Number(parts?.[3]);
  return address && port <= 65_535 ? { address, port } : undefined;
}
