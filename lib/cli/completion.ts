/** `aasist completion`: what makes a shell complete commands, options, their values and files. */
import { Argument, type Command } from 'commander'
import { bashCompletion } from './completion-bash'
import { fishCompletion } from './completion-fish'
import { shapeOf, type CommandShape } from './completion-shape'
import { zshCompletion } from './completion-zsh'
import type { ExitCode } from './exit'

const scripts = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
} as const satisfies Readonly<Record<string, (program: CommandShape) => string>>
type Shell = keyof typeof scripts

export function addCompletionCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  program
    .command('completion')
    .description('print what makes a shell complete this command')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(scripts)))
    .addHelpText(
      'after',
      [
        '\nExample:',
        '  aasist completion bash > ~/.local/share/bash-completion/completions/aasist',
        '  aasist completion zsh > ~/.zfunc/_aasist      # a folder of fpath',
        '  aasist completion fish > ~/.config/fish/completions/aasist.fish',
      ].join('\n'),
    )
    .action((shell: Shell) =>
      run(() => {
        process.stdout.write(scripts[shell](shapeOf(program)))
        return Promise.resolve(0 as const)
      }),
    )
}
