/** `nearcast completion`: scripts for shells, made from the verbs themselves so that they never lag behind. */
import { Argument, Command, type Option } from 'commander';
import type { Verb } from './verbs.ts';

/** One command as completion sees it. */
interface Place {
  /** Words from the program on: `['show', 'routes']`. */
  readonly path: readonly string[];
  readonly verbs: readonly { readonly name: string; readonly help: string }[];
  readonly options: readonly Flag[];
  /** A file may stand here. */
  readonly files: boolean;
  /** Words that may stand here. */
  readonly choices: readonly string[];
}

interface Flag {
  readonly names: readonly string[];
  readonly help: string;
  /** A value follows. */
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly takesFile: boolean;
}

const SHELLS = ['bash', 'zsh', 'fish'] as const;

const EXAMPLES = `
Examples:
  bash:  nearcast completion bash > /etc/bash_completion.d/nearcast       or  source <(nearcast completion bash)
  zsh:   nearcast completion zsh > "\${fpath[1]}/_nearcast"
  fish:  nearcast completion fish > ~/.config/fish/completions/nearcast.fish`;

/** The command, to be added to the program. */
export function completionCommand(verbs: readonly Verb[]): Command {
  return new Command('completion')
    .description('print the completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices([...SHELLS]))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: (typeof SHELLS)[number]) => {
      process.stdout.write(SCRIPTS[shell](await placesOf(verbs)));
    });
}

/** Every place of the command tree, the program itself first. */
export async function placesOf(verbs: readonly Verb[]): Promise<readonly Place[]> {
  const root: Place = {
    path: [],
    verbs: [
      ...verbs.map((v) => ({ name: v.name, help: v.summary })),
      { name: 'help', help: 'say more about a verb' },
    ],
    options: [HELP, flag(['-V', '--version'], 'print the version')],
    files: false,
    choices: [],
  };
  const loaded = await Promise.all(verbs.map((v) => v.load()));
  return [root, ...loaded.flatMap((command) => walk(command, []))];
}

function walk(command: Command, above: readonly string[]): readonly Place[] {
  const path = [...above, command.name()];
  const place: Place = {
    path,
    verbs: command.commands.map((c) => ({ name: c.name(), help: c.description() })),
    options: [...command.options.filter((o) => !o.hidden).map(flagOf), HELP],
    files: command.registeredArguments.some((a) => /file/i.test(a.name())),
    choices: command.registeredArguments.flatMap((a) => a.argChoices ?? []),
  };
  return [place, ...command.commands.flatMap((c) => walk(c, path))];
}

function flagOf(o: Option): Flag {
  return {
    names: [o.short, o.long].filter((n): n is string => n !== undefined && n !== null),
    help: o.description,
    takesValue: o.required || o.optional,
    choices: o.argChoices ?? [],
    takesFile: /<.*(file|path|socket|folder)/i.test(o.flags),
  };
}

function flag(names: readonly string[], help: string): Flag {
  return { names, help, takesValue: false, choices: [], takesFile: false };
}

const HELP = flag(['-h', '--help'], 'say more');

const SCRIPTS: { readonly [S in (typeof SHELLS)[number]]: (places: readonly Place[]) => string } = {
  bash,
  zsh,
  fish,
};

/** Where the words before the cursor lead: the same loop in each of the Bourne family. */
function descent(places: readonly Place[]): string {
  const below = places.filter((p) => p.path.length > 0).map((p) => quote(p.path.join(' ')));
  return below.join('|');
}

function bash(places: readonly Place[]): string {
  const values = valueCases(places, (flag) =>
    flag.takesFile
      ? 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur"))'
      : `COMPREPLY=($(compgen -W ${quote(flag.choices.join(' '))} -- "$cur"))`,
  );
  const cases = places.map((p) => {
    const words = [...p.verbs.map((v) => v.name), ...p.choices, ...p.options.flatMap((o) => o.names)];
    return `    ${quote(p.path.join(' '))}) words=${quote(words.join(' '))}; files=${p.files ? 1 : 0} ;;`;
  });
  return `# bash completion for nearcast
_nearcast() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path='' next words='' files=0 i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in
      ${descent(places)}) path=$next ;;
    esac
  done
  case "$path|$prev" in
${values}
  esac
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if ((files)) && [[ $cur != -* ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -- "$cur"))
  fi
}
complete -F _nearcast nearcast
`;
}

function zsh(places: readonly Place[]): string {
  const values = valueCases(places, (flag) =>
    flag.takesFile ? '_files; return' : `compadd -- ${flag.choices.map(quote).join(' ')}; return`,
  );
  const cases = places.map((p) => {
    const pairs = [
      ...p.verbs.map((v) => describe(v.name, v.help)),
      ...p.choices.map((c) => describe(c, '')),
      ...p.options.flatMap((o) => o.names.map((name) => describe(name, o.help))),
    ];
    return `    ${quote(p.path.join(' '))})\n      entries=(${pairs.join(' ')})\n      files=${p.files ? 1 : 0} ;;`;
  });
  return `#compdef nearcast
# zsh completion for nearcast
_nearcast() {
  local place='' next i files=0
  local -a entries
  for ((i = 2; i < CURRENT; i++)); do
    next="\${place:+$place }\${words[i]}"
    case "$next" in
      ${descent(places)}) place=$next ;;
    esac
  done
  case "$place|\${words[CURRENT-1]}" in
${values}
  esac
  case "$place" in
${cases.join('\n')}
  esac
  _describe 'nearcast' entries
  if ((files)); then _files; fi
}
if [ "$funcstack[1]" = _nearcast ]; then _nearcast "$@"; else compdef _nearcast nearcast; fi
`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap((p) => {
    const when = `-n ${quote(`__nearcast_at ${quote(p.path.join(' '))}`)}`;
    return [
      ...p.verbs.map((v) => `complete -c nearcast ${when} -a ${quote(v.name)} -d ${quote(v.help)}`),
      ...p.choices.map((c) => `complete -c nearcast ${when} -a ${quote(c)}`),
      ...(p.files ? [`complete -c nearcast ${when} -F`] : []),
      ...p.options.map((o) => {
        const names = o.names
          .map((n) => (n.startsWith('--') ? `-l ${n.slice(2)}` : `-s ${n.slice(1)}`))
          .join(' ');
        const value = o.takesFile
          ? ' -r -F'
          : o.choices.length > 0
            ? ` -x -a ${quote(o.choices.join(' '))}`
            : o.takesValue
              ? ' -x'
              : '';
        return `complete -c nearcast ${when} ${names}${value} -d ${quote(o.help)}`;
      }),
    ];
  });
  const known = places.filter((p) => p.path.length > 0).map((p) => quote(p.path.join(' ')));
  return `# fish completion for nearcast
function __nearcast_at
  set -l place ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim "$place $word")
    if contains -- $next ${known.join(' ')}
      set place $next
    end
  end
  test "$place" = "$argv[1]"
end
complete -c nearcast -f
${lines.join('\n')}
`;
}

/** Cases `place|option` for options whose value is completed or at least not mistaken for something else. */
function valueCases(places: readonly Place[], reply: (flag: Flag) => string): string {
  return places
    .flatMap((p) =>
      p.options
        .filter((o) => o.takesValue && (o.takesFile || o.choices.length > 0))
        .map(
          (o) =>
            `    ${o.names.map((n) => quote(`${p.path.join(' ')}|${n}`)).join('|')}) ${reply(o)}; return ;;`,
        ),
    )
    .join('\n');
}

function describe(name: string, help: string): string {
  return quote(help === '' ? name.replaceAll(':', '\\:') : `${name.replaceAll(':', '\\:')}:${help}`);
}

/** One word for all three shells. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
