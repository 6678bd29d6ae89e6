/** Completion for fish 3. */
import { withAllBelow, type CommandShape, type OptionShape, type Wanted } from './completion-shape'
import { quoted } from './shell-quote'

/** What `complete` is told of a value. */
function action(value: Wanted): string {
  switch (value.kind) {
    case 'words':
      return `-x -a ${quoted(value.words.join(' '))}`
    case 'folder':
      return "-x -a '(__fish_complete_directories)'"
    case 'file':
      return '-r -F'
    case 'anything':
      return '-x'
  }
}

function option({ names, description, value }: OptionShape): string {
  const flags = names.map(name => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
  return [...flags, ...(value === undefined ? [] : [action(value)]), `-d ${quoted(description)}`].join(' ')
}

function lines({ path, options, commands, operand }: CommandShape): readonly string[] {
  const [name, ...below] = path as [string, ...string[]]
  const inside = quoted([`__${name}_in`, ...below].join(' '))
  const exactly = quoted([`__${name}_at`, ...below].join(' '))
  return [
    ...commands.map(
      each => `complete -c ${name} -n ${exactly} -a ${each.path.at(-1)!} -d ${quoted(each.description)}`,
    ),
    ...options.map(each => `complete -c ${name} -n ${below.length > 0 ? inside : exactly} ${option(each)}`),
    ...(operand === undefined || operand.kind === 'anything'
      ? []
      : [`complete -c ${name} -n ${inside} ${operandAction(operand)}`]),
  ]
}

function operandAction(operand: Wanted): string {
  return operand.kind === 'words' ? `-a ${quoted(operand.words.join(' '))}` : '-F'
}

export function fishCompletion(program: CommandShape): string {
  const [name = ''] = program.path
  return `# fish completion of ${name}: ${name} completion fish | source

# Words before the cursor that are no options.
function __${name}_words
    set -l words (commandline -opc)
    set -e words[1]
    string match -v -- '-*' $words
end

# Whether they begin with these.
function __${name}_in
    set -l words (__${name}_words)
    test (count $words) -ge (count $argv); or return 1
    for index in (seq (count $argv))
        test "$words[$index]" = "$argv[$index]"; or return 1
    end
end

# Whether they are these.
function __${name}_at
    set -l words (__${name}_words)
    test "$words" = "$argv"
end

complete -c ${name} -f
${withAllBelow(program).flatMap(lines).join('\n')}
`
}
