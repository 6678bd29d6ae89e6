/** The way from a checkpoint to a model for NPUs, in commands that hold the user's own file names. */
import { basename, extname } from 'node:path'
import { ArgumentTypeError } from '../errors'
import { checkLibraryPath } from '../session/acl-options'
import { probeNpus } from '../session/devices'
import type { ModelProvenance } from './model-file'

/** What atc compiles for where nobody says; `npu-smi info` shows that of a card. */
const usualSoc = 'Ascend310P3'

/** A word of a shell, quoted only where it has to be. */
export function word(text: string): string {
  return /^[\w./@%+:=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

const withoutEnding = (path: string): string => path.slice(0, path.length - extname(path).length)

/** The call of CANN's compiler that makes `<name>.om` of an ONNX file. */
function atcCommand(onnx: string, output: string, soc = usualSoc): string {
  return `atc --model=${word(onnx)} --framework=5 --soc_version=${soc} --output=${word(output)}`
}

/** Where `atc` puts the offline model of an ONNX file that was converted to `onnx`: beside it. */
export function offlineModelBase(onnx: string): string {
  return withoutEnding(onnx)
}

interface NamedModel {
  readonly model: string | Uint8Array
  readonly config?: string | undefined
  readonly format: ModelProvenance['format']
}

/** The error for a model that an NPU does not run, with the commands that make one that it does. */
export async function needsOfflineModel({ model, config, format }: NamedModel): Promise<ArgumentTypeError> {
  const path = typeof model === 'string' ? model : `model.${format === 'onnx' ? 'onnx' : 'pth'}`
  const soc = await probeNpus(checkLibraryPath(undefined)).then(
    ({ socName }) => socName,
    () => '',
  )
  const base = basename(withoutEnding(path))
  const onnx = format === 'onnx' ? path : `${base}.onnx`
  const configuration = config === undefined ? '' : ` --config ${word(config)}`
  const steps = [
    ...(format === 'onnx'
      ? []
      : [`aasist convert --checkpoint ${word(path)}${configuration} --out ${word(onnx)}`]),
    atcCommand(onnx, base, soc === '' ? usualSoc : soc),
  ]
  const found = `${typeof model === 'string' ? path : 'the model'} is ${format === 'onnx' ? 'an ONNX model' : 'a checkpoint'}`
  const hint = soc === '' ? ' (the SoC of your card is what npu-smi info shows)' : ''
  return new ArgumentTypeError(
    `NPUs run offline models (.om), and ${found}. Make one${hint}:\n${steps.map(step => `  ${step}`).join('\n')}\nand name ${word(`${base}.om`)} as the model. Where CANN is, aasist compile does the last step with the options of the Ascend guide`,
    { option: 'device', steps },
  )
}
