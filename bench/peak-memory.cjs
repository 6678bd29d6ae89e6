// Preloaded into a process whose memory is to be known: its largest resident size, in MB, as the last line of stderr.
process.on('exit', () =>
  process.stderr.write(`peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MB\n`),
)
