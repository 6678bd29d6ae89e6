/** How many times as long as usual everything may take, as under a sanitizer. */
export const slowdown = Number(process.env['AASIST_SLOWDOWN'] ?? 1)
