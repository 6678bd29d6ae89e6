// mocha's usual report, and at its end the file $MOCHA_COUNTS: the counts in its first line (reading them off the text
// would take any line that a test prints for a result), then what failed, which would be thousands of lines up.
const { writeFileSync } = require('node:fs')
const { reporters } = require('mocha')

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const failed = []
    runner.on('fail', (test, error) => failed.push(told(test, error)))
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats
      writeFileSync(process.env.MOCHA_COUNTS, [`${passes} ${failures} ${pending}`, ...failed, ''].join('\n'))
    })
  }
}

function told(test, error) {
  const stack = String(error?.stack ?? error?.message ?? error)
  const lines = stack.split('\n').slice(0, 12)
  return [`${test.fullTitle()} (${test.duration ?? 0} ms)`, ...lines.map(line => `    ${line}`)].join('\n')
}
