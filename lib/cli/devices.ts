/** `aasist devices`: the NPUs of this machine. */
import type { Command } from 'commander'
import { listDevices, type NpuDevice } from '../scoring'
import type { ExitCode } from './exit'
import { note, printable, printJson, printLine } from './terminal'
import { formatTable, outputLineLength } from './table'

export function addDevicesCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  program
    .command('devices')
    .description('list the Ascend NPUs of this machine: device ids, health, memory, power')
    .option('--json', 'print them as a JSON array')
    .addHelpText('after', '\nExample:\n  aasist devices')
    .action((flags: { json?: boolean }) => run(signal => devices(flags, signal)))
}

async function devices({ json }: { json?: boolean }, signal: AbortSignal): Promise<ExitCode> {
  const { devices: found, warnings } = await listDevices({ signal })
  for (const warning of warnings) note(`warning: ${printable(warning)}`)
  if (json === true) printJson(found)
  else if (found.length > 0) {
    printLine(formatTable(header, found.map(row), { lineLength: outputLineLength() }))
  }
  if (found.length === 0) {
    note(
      warnings.length > 0
        ? 'no NPU was found'
        : 'no NPU was found: neither npu-smi nor AscendCL shows one, and there is no /dev/davinci*',
    )
  }
  return 0
}

const header = ['device', 'NPU', 'chip', 'name', 'SoC', 'health', 'W', '°C', 'memory MB', 'bus id']

function row(device: NpuDevice): readonly (string | number)[] {
  const { deviceId, npuId, chipId, name, socVersion, health } = device
  const { powerW, temperatureC, memoryUsedMb, memoryTotalMb, busId } = device
  const memory =
    memoryTotalMb === null ? null : `${memoryUsedMb === null ? '?' : memoryUsedMb} / ${memoryTotalMb}`
  return [
    ...[deviceId, npuId, chipId, name, socVersion, health],
    ...[powerW, temperatureC, memory, busId],
  ].map(cell => (typeof cell === 'string' ? printable(cell) : (cell ?? '-')))
}
