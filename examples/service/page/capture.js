// Runs on the audio thread: passes the samples of the microphone on. A worklet has to be a file of its own.
class Capture extends AudioWorkletProcessor {
  constructor() {
    super()
    this.stopped = false
    this.port.onmessage = () => {
      this.stopped = true
      // Behind everything that was sent before it.
      this.port.postMessage('end')
    }
  }

  process([[channel]]) {
    if (channel !== undefined && !this.stopped) this.port.postMessage(channel.slice())
    return !this.stopped
  }
}

registerProcessor('capture', Capture)
