/** Completion for zsh, for its own _arguments. */
import { withAllBelow, type CommandShape, type OptionShape, type Wanted } from './completion-shape'
import { quoted } from './shell-quote'

const actions = { file: '_files', folder: '_files -/', anything: ' ' } as const

/** `:what it is:how to complete it`. */
function action(value: Wanted): string {
  return value.kind === 'words'
    ? `:value:(${value.words.join(' ')})`
    : `:${value.kind}:${actions[value.kind]}`
}

/** In a specification of _arguments these end something. */
const escaped = (text: string): string => text.replaceAll(/[\\:[\]]/g, '\\$&')

function option({ names, description, value }: OptionShape): readonly string[] {
  return names.map(name => {
    const others = names.length > 1 ? `(${names.join(' ')})` : ''
    const equals = value !== undefined && name.startsWith('--') ? '=' : ''
    return quoted(
      `${others}${name}${equals}[${escaped(description)}]${value === undefined ? '' : action(value)}`,
    )
  })
}

const functionOf = ({ path }: CommandShape): string => `_${path.join('_')}`

function body(shape: CommandShape): string {
  const specifications = shape.options.flatMap(option)
  const line = (texts: readonly string[]): string => texts.map(text => ` \\\n    ${text}`).join('')
  if (shape.commands.length === 0) {
    const operand = shape.operand === undefined ? [] : [quoted(`*${action(shape.operand)}`)]
    return `${functionOf(shape)}() {\n  _arguments${line([...specifications, ...operand])}\n}`
  }
  const described = shape.commands.map(({ path, description }) =>
    quoted(`${path.at(-1)!}:${escaped(description)}`),
  )
  const choices = shape.commands.map(each => `        ${each.path.at(-1)!}) ${functionOf(each)} ;;`)
  return `${functionOf(shape)}() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C${line([...specifications, quoted('1: :->command'), quoted('*:: :->rest')])}
  case $state in
    command)
      local -a commands=(
${described.map(each => `        ${each}`).join('\n')}
      )
      _describe -t commands command commands
      ;;
    rest)
      case $line[1] in
${choices.join('\n')}
      esac
      ;;
  esac
}`
}

export function zshCompletion(program: CommandShape): string {
  const [name = ''] = program.path
  return `#compdef ${name}
# zsh completion of ${name}: source <(${name} completion zsh), after compinit; or as a file _${name} of fpath

${withAllBelow(program).map(body).join('\n\n')}

if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`
}
