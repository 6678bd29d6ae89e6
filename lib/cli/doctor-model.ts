/** What `doctor --model` says: whether a model and the NPU that is there belong together. */
import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { word } from '../scoring/offline-model'
import { describeOfflineModel, type OfflineModelQuestion } from '../toolchain/offline-model-info'
import type { Check } from './check'

const name = 'model'

export interface ModelQuestion extends OfflineModelQuestion {
  /** Of the NPU that is there; null without one. */
  readonly socName: string | null
  /** Release of CANN that would load it. */
  readonly cannVersion: string | null
}

/** @throws the signal's reason */
export async function checkModel(model: string, question: ModelQuestion): Promise<Check> {
  const file = await stat(model).catch(() => null)
  if (file === null || !file.isFile()) {
    return { name, state: 'failed', found: `there is no file ${model}`, fix: `ls -l ${word(model)}` }
  }
  if (extname(model).toLowerCase() !== '.om') return otherForm(model, question.socName)
  const info = await describeOfflineModel(model, question)
  if (info === null) {
    return {
      name,
      state: 'info',
      found: `${model}: neither atc nor a description beside it (${model}.json) tells what it was compiled for`,
      fix: `atc --mode=6 --om=${word(model)}   # where the CANN is that made it`,
    }
  }
  const { soc, atcVersion, onnx, toldBy } = info
  const { socName, cannVersion } = question
  const made = `${model} is for ${soc}${atcVersion === null ? '' : `, by atc ${atcVersion}`} (${toldBy})`
  const again = `aasist compile --model ${word(onnx ?? 'model.onnx')} --soc ${socName ?? soc} --out ${word(model)}`
  if (socName !== null && socName !== soc) {
    return { name, state: 'failed', found: `${made}; the NPU is ${socName}, which refuses it`, fix: again }
  }
  if (isNewer(atcVersion, cannVersion)) {
    const found = `${made}; CANN ${cannVersion ?? ''} is older, and loads no models of newer ones`
    return { name, state: 'failed', found, fix: `${again}   # with the atc of that CANN` }
  }
  if (socName === null) return { name, state: 'info', found: `${made}; there is no NPU to compare it with` }
  return { name, state: 'ok', found: made }
}

function otherForm(model: string, socName: string | null): Check {
  const soc = socName === null ? '' : ` --soc ${socName}`
  const isOnnx = extname(model).toLowerCase() === '.onnx'
  const convert = `aasist convert --checkpoint ${word(model)} --target npu --out model.onnx && `
  return {
    name,
    state: 'info',
    found: `${model} is ${isOnnx ? 'an ONNX model' : 'no offline model'}: NPUs run .om files`,
    fix: `${isOnnx ? '' : convert}aasist compile --model ${isOnnx ? word(model) : 'model.onnx'}${soc}`,
  }
}

/** By the first two numbers; false where one is not told. */
function isNewer(a: string | null, b: string | null): boolean {
  const [first, second] = [releaseOf(a), releaseOf(b)]
  return first !== null && second !== null && first > second
}

/** `8.5.0` as 8005. */
function releaseOf(version: string | null): number | null {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version ?? '') ?? []
  return major === undefined ? null : Number(major) * 1000 + Number(minor)
}
