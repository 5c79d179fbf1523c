/** Hands bytes to the browser as a download. */
export function download(name: string, content: Uint8Array): void {
  const address = URL.createObjectURL(
    new Blob([content as Uint8Array<ArrayBuffer>], { type: 'application/octet-stream' }),
  )
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
