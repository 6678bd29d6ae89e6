/** The part of wav-decoder 1.3 in use; the package ships no types. */
declare module 'wav-decoder' {
  export interface DecodedWav {
    readonly numberOfChannels: number
    readonly length: number
    readonly sampleRate: number
    readonly channelData: readonly Float32Array<ArrayBuffer>[]
  }

  export const decode: {
    /** `symmetric` divides both signs by the same power of two. */
    sync(wav: ArrayBuffer, options?: { readonly symmetric?: boolean }): DecodedWav
  }
}
