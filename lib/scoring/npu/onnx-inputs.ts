/** What an ONNX model wants to be given, and which files it is made of. */
import { fromBinary } from '@bufbuild/protobuf'
import { access } from 'node:fs/promises'
import { dirname, isAbsolute, join, normalize } from 'node:path'
import { ModelError } from '../../errors'
import { ModelProtoSchema, type ModelProto, type TensorProto } from '../../model/onnx/onnx_pb'
import type { OnnxInput } from '../../toolchain'

export interface OnnxOutline {
  readonly inputs: readonly OnnxInput[]
  /** Files that hold large constants, as the model names them. */
  readonly externalLocations: readonly string[]
}

const external = 1

/**
 * Any ONNX model, whatever its operators.
 * @throws ModelError `MODEL_INVALID`
 */
export function outlineOf(bytes: Uint8Array, shownName: string): OnnxOutline {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 8))
  const refuse = (what: string): never => {
    throw new ModelError('MODEL_INVALID', `${shownName} ${what}`, { model: shownName })
  }
  if (start.startsWith('IMOD') || start.slice(1).startsWith('SIMOM')) refuse('is compiled already')
  if (start.startsWith('PK')) refuse('is a checkpoint; convert it first: aasist convert --checkpoint')
  const { graph } = decoded(bytes, refuse)
  if (graph === undefined || graph.node.length === 0) return refuse('is not an ONNX model: it has no graph')
  // Before IR version 4 constants were listed among the inputs as well.
  const constants = new Set(graph.initializer.map(({ name }) => name))
  const inputs = graph.input
    .filter(({ name }) => !constants.has(name))
    .map(({ name = '', type }) => {
      const value = type?.value
      if (value?.case !== 'tensorType') return refuse(`has an input "${name}" that is not a tensor`)
      return {
        name,
        shape: (value.value.shape?.dim ?? []).map(({ value: size }) =>
          size.case === 'dimValue' && size.value > 0n ? Number(size.value) : dimName(size.value),
        ),
      }
    })
  const tensors = [
    ...graph.initializer,
    ...graph.node.flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? [])),
  ]
  return { inputs, externalLocations: [...new Set(tensors.flatMap(locationOf))] }
}

function decoded(bytes: Uint8Array, refuse: (what: string) => never): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes)
  } catch {
    return refuse('is not an ONNX model: protobuf decoding failed')
  }
}

function dimName(value: bigint | string | undefined): string {
  return typeof value === 'string' && value !== '' ? value : '?'
}

function locationOf({ dataLocation, externalData }: TensorProto): string[] {
  if ((dataLocation ?? 0) !== external) return []
  return externalData.flatMap(({ key, value }) => (key === 'location' ? (value ?? []) : []))
}

/**
 * Where the files of a model are. They must lie beside or below it, as ONNX demands.
 * @throws ModelError `MODEL_INVALID`
 */
export async function externalFiles(
  locations: readonly string[],
  modelPath: string | null,
): Promise<readonly { readonly location: string; readonly path: string }[]> {
  return Promise.all(
    locations.map(async written => {
      const location = normalize(written)
      const refuse = (reason: string): never => {
        throw new ModelError('MODEL_INVALID', `the model has constants in the file "${written}", ${reason}`, {
          location: written,
        })
      }
      if (modelPath === null) return refuse('so give the path of the model, not its bytes')
      if (isAbsolute(location) || location.startsWith('..')) return refuse('which is not beside the model')
      const path = join(dirname(modelPath), location)
      await access(path).catch(() => refuse(`and there is no ${path}`))
      return { location, path }
    }),
  )
}
