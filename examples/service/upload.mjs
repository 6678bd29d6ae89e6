// From a request to the bytes of one audio file, held in memory. Names of files are never looked at.
import { Refusal } from './answers.mjs'

/** Room for `{"audio":"…"}` or the boundary and header of a part. */
export const wrappingBytes = 4096
/** Of a JSON body, for `maxBytes` of audio. */
export const base64Bytes = maxBytes => Math.ceil(maxBytes / 3) * 4 + wrappingBytes

export async function readUpload(request, { maxBytes }) {
  const bytes = request.isMultipart() ? await filePart(request) : base64(request.body)
  if (bytes.length > maxBytes) {
    throw new Refusal(
      413,
      'BODY_TOO_LARGE',
      `the audio has ${bytes.length} bytes; at most ${maxBytes} are taken`,
    )
  }
  return bytes
}

const oneFile = 'expected a form with one file, in the field "file", and nothing else'

async function filePart(request) {
  const bytes = await firstFile(request).catch(error => {
    if (error.code === 'FST_REQ_FILE_TOO_LARGE') throw error
    throw new Refusal(400, 'BODY_INVALID', `${error.message}; ${oneFile}`)
  })
  if (bytes === undefined) throw new Refusal(400, 'BODY_INVALID', `there is no such file; ${oneFile}`)
  return bytes
}

async function firstFile(request) {
  const part = await request.file()
  return part?.fieldname === 'file' ? part.toBuffer() : undefined
}

function base64(body) {
  const audio = body?.audio
  if (typeof audio !== 'string' || Object.keys(body).length !== 1) {
    throw new Refusal(400, 'BODY_INVALID', 'expected {"audio": "…"} with a WAV or FLAC file in base64')
  }
  // Buffer.from skips what is no base64, and half a recording would be scored for the whole.
  if (audio.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(audio)) {
    throw new Refusal(400, 'BODY_INVALID', '"audio" is no base64 of RFC 4648, section 4, with its padding')
  }
  return Buffer.from(audio, 'base64')
}
