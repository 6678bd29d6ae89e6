/** Does `work` for each item, two at a time, as many as the machine this was measured on has cores. */
export async function sideBySide(items, work) {
  const waiting = [...items]
  const results = []
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift())
      results.push(await work(item))
  }
  await Promise.all([worker(), worker()])
  return results
}
