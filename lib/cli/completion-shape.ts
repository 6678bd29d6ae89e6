/** What can be typed after `aasist`, read from the program itself, so that no completion tells of other options. */
import type { Argument, Command, Option } from 'commander'

/** What a value may be: one of some words, a file, a folder, or something no shell can guess. */
export type Wanted =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' }
  | { readonly kind: 'folder' }
  | { readonly kind: 'anything' }

export interface OptionShape {
  /** `-h` and `--help`. */
  readonly names: readonly string[]
  readonly description: string
  /** Undefined for an option without value. */
  readonly value: Wanted | undefined
}

export interface CommandShape {
  /** From the program to the command: `['aasist', 'cache', 'ls']`. */
  readonly path: readonly string[]
  readonly description: string
  readonly options: readonly OptionShape[]
  readonly commands: readonly CommandShape[]
  /** What stands without an option's name in front; undefined where nothing may. */
  readonly operand: Wanted | undefined
}

const suggested = new WeakMap<Option | Argument, readonly string[]>()

/** Words that shells offer, where other values are welcome too. */
export function suggest<Subject extends Option | Argument>(
  subject: Subject,
  words: readonly string[],
): Subject {
  suggested.set(subject, words)
  return subject
}

export function shapeOf(command: Command, parents: readonly string[] = []): CommandShape {
  const help = command.createHelp()
  const path = [...parents, command.name()]
  const subcommands = help.visibleCommands(command)
  const names = subcommands.map(each => each.name())
  const commands = subcommands.map(each => {
    const shape = shapeOf(each, path)
    // Commander's own, whose argument is one of the others.
    return each.name() === 'help' ? { ...shape, operand: words(names), options: [], commands: [] } : shape
  })
  const [operand] = command.registeredArguments
  return {
    path,
    description: help.subcommandDescription(command),
    options: help.visibleOptions(command).map(optionShape),
    commands,
    operand: operand === undefined ? undefined : wanted(operand, operand.name()),
  }
}

/** A command and all below it. */
export function withAllBelow(shape: CommandShape): readonly CommandShape[] {
  return [shape, ...shape.commands.flatMap(withAllBelow)]
}

function optionShape(option: Option): OptionShape {
  const takesValue = option.required || option.optional
  const [, placeholder = ''] = /[<[]([^>\]]+)[>\]]/.exec(option.flags) ?? []
  return {
    names: [option.short, option.long].filter(name => name != null),
    description: option.description,
    value: takesValue ? wanted(option, placeholder) : undefined,
  }
}

const words = (list: readonly string[]): Wanted => ({ kind: 'words', words: list })

/** Placeholders say it in the help, too. */
function wanted(subject: Option | Argument, placeholder: string): Wanted {
  const known = suggested.get(subject) ?? subject.argChoices
  if (known !== undefined) return words(known)
  if (/^(file|files|paths)(\.\.\.)?$/.test(placeholder)) return { kind: 'file' }
  return placeholder === 'folder' ? { kind: 'folder' } : { kind: 'anything' }
}
