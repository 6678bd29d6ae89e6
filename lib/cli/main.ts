#!/usr/bin/env node
/** The `aasist` command. */
import { Command } from 'commander'
import { packageVersion } from '../scoring'
import { addConvertCommand } from './convert'
import { addDemoCommand } from './demo'
import { addDoctorCommand } from './doctor'
import { addEvalCommand } from './evaluate'
import { exitCodeOf, explain, ignoreClosedPipes, interruptSignal, type ExitCode } from './exit'
import { addScoreCommand } from './score'

async function run(action: (signal: AbortSignal) => Promise<ExitCode>): Promise<void> {
  process.exitCode = await action(interruptSignal())
}

async function main(): Promise<void> {
  ignoreClosedPipes()
  const program = new Command('aasist')
    .description('tells genuine from spoofed speech with AASIST and AASIST-L')
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('(aasist <command> --help shows its options)')
    .configureHelp({ showGlobalOptions: false })
  for (const add of [addDemoCommand, addScoreCommand, addEvalCommand, addConvertCommand, addDoctorCommand])
    add(program, run)
  try {
    await program.parseAsync()
  } catch (error) {
    explain(error)
    process.exitCode = exitCodeOf(error)
  }
}

void main()
