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

async function filePart(request) {
  const bytes = await firstFile(request).catch(error => {
    // Fastify's own say which limit it was; the parser's are about what it could not read.
    if (String(error.code).startsWith('FST_')) throw error
    throw new Refusal(400, 'BODY_INVALID', `the form cannot be read: ${error.message}`)
  })
  if (bytes === undefined) {
    throw new Refusal(400, 'BODY_INVALID', 'there is no file in the form; expected one, in the field "file"')
  }
  return bytes
}

async function firstFile(request) {
  const part = await request.file()
  return part?.toBuffer()
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
