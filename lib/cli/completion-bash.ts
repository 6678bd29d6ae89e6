/** Completion for bash 4 and later, also without the package bash-completion. */
import { withAllBelow, type CommandShape, type Wanted } from './completion-shape'
import { quoted } from './shell-quote'

/** In single quotes everything is literal. */
const words = (list: readonly string[]): string => quoted(list.join(' '))

function kindOf(value: Wanted): string {
  return value.kind === 'words' ? words(value.words) : value.kind === 'anything' ? '' : `@${value.kind}`
}

function values(shape: CommandShape): readonly string[] {
  return shape.options.flatMap(({ names, value }) =>
    value === undefined
      ? []
      : [
          `    ${names.map(name => quoted([...shape.path, name].join(' '))).join(' | ')}) value=${kindOf(value)} ;;`,
        ],
  )
}

function offers(shape: CommandShape): readonly string[] {
  const options = shape.options.flatMap(({ names }) => names)
  const operand = shape.operand === undefined ? '' : kindOf(shape.operand)
  const commands = shape.commands.map(({ path }) => path.at(-1)!)
  return [
    `    ${quoted(shape.path.join(' '))})`,
    `      options=${words(options)}`,
    `      operand=${commands.length > 0 ? words(commands) : operand}`,
    '      ;;',
  ]
}

export function bashCompletion(program: CommandShape): string {
  const [name = ''] = program.path
  const all = withAllBelow(program)
  const below = all.filter(({ path }) => path.length > 1).map(({ path }) => quoted(path.join(' ')))
  return `# bash completion of ${name}: source <(${name} completion bash)

# Sets "value" to what an option takes: words, @file, @folder, or nothing that could be guessed.
_${name}_value() {
  takes=1
  case $1 in
${all.flatMap(values).join('\n')}
    *) takes= value= ;;
  esac
}

_${name}_offer() {
  case $1 in
    @file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
    @folder) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2") ;;
  esac
}

_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} path=${name} takes= value= ended= options= operand= word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # bash cuts --model=file into three words.
    if [[ $word == '=' && -n $takes ]]; then continue; fi
    if [[ -n $takes ]]; then takes= value=; continue; fi
    if [[ -n $ended ]]; then continue; fi
    case $word in
      --) ended=1 ;;
      -*) _${name}_value "$path $word" ;;
      *)
        case "$path $word" in
          ${below.join(' | ')}) path="$path $word" ;;
        esac
        ;;
    esac
  done
  if [[ $current == '=' ]]; then current=; fi
  if [[ -n $takes ]]; then _${name}_offer "$value" "$current"; return; fi
  case $path in
${all.flatMap(offers).join('\n')}
  esac
  if [[ $current == -* && -z $ended ]]; then _${name}_offer "$options" "$current"; else _${name}_offer "$operand" "$current"; fi
}

complete -F _${name} ${name}
`
}
