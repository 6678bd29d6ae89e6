/** Makes one offline model in a process of its own, and prints what became of it. */
import { offlineModelFor } from '../../lib'

const [source = '', cacheFolder = '', atc = ''] = process.argv.slice(2)

void offlineModelFor(source, { soc: 'Ascend310P3', atc, cacheFolder }).then(
  model => console.log(JSON.stringify(model)),
  (error: unknown) => {
    console.error(error)
    process.exitCode = 1
  },
)
