#!/usr/bin/env node
/** The `aasist` command. */
import { Command } from 'commander'
import { packageVersion } from '../scoring'
import { addBenchCommand } from './bench'
import { inOneSpelling } from './bench-options'
import { addCacheCommand } from './cache'
import { addCalibrateCommand } from './calibrate'
import { addCompileCommand } from './compile'
import { addCompletionCommand } from './completion'
import { addConvertCommand } from './convert'
import { addDemoCommand } from './demo'
import { addDevicesCommand } from './devices'
import { addDoctorCommand } from './doctor'
import { addEvalCommand } from './evaluate'
import { exitCodeOf, explain, stopOnRequest, watchStreams, type ExitCode } from './exit'
import { addExplainCommand } from './explain'
import { addMetricsCommand } from './metrics'
import { addReportCommand } from './report'
import { addScoreCommand } from './score'
import { addSimulatorCommand } from './simulator'

async function run(action: (signal: AbortSignal) => Promise<ExitCode>): Promise<void> {
  const stop = stopOnRequest()
  try {
    process.exitCode = await action(stop.signal)
  } finally {
    stop.release()
  }
}

async function main(): Promise<void> {
  watchStreams()
  const program = new Command('aasist')
    .description('tells genuine from spoofed speech with AASIST and AASIST-L')
    .version(packageVersion())
    .exitOverride()
    // Usage errors are printed with all the others, each with its code.
    .configureOutput({ outputError: () => undefined })
    .configureHelp({ showGlobalOptions: false })
  const commands = [
    addDemoCommand,
    addScoreCommand,
    addEvalCommand,
    addMetricsCommand,
    addReportCommand,
    addCalibrateCommand,
    addConvertCommand,
    addCompileCommand,
    addBenchCommand,
    addDevicesCommand,
    addCacheCommand,
    addSimulatorCommand,
    addDoctorCommand,
    addExplainCommand,
    addCompletionCommand,
  ]
  for (const add of commands) add(program, run)
  try {
    const [node, script, ...rest] = process.argv as [string, string, ...string[]]
    await program.parseAsync([node, script, ...(rest[0] === 'bench' ? inOneSpelling(rest) : rest)])
  } catch (error) {
    const [first] = process.argv.slice(2)
    explain(error, program.commands.find(command => command.name() === first)?.name())
    process.exitCode = exitCodeOf(error)
  }
}

void main()
