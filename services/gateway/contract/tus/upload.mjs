// Uploads the file at FILE to ENDPOINT in pieces of 5 MB, and prints its address. That
// connections break and gateways go is left to the library to get over.
import { createReadStream } from 'node:fs'
import { Upload } from 'tus-js-client'

const { FILE, ENDPOINT, TOKEN } = process.env

const upload = new Upload(createReadStream(FILE), {
  endpoint: ENDPOINT,
  headers: { Authorization: `Bearer ${TOKEN}` },
  chunkSize: 5 * 1000 * 1000,
  metadata: { filename: 'Запись.mp3', filetype: 'audio/mpeg' },
  retryDelays: [0, 100, 200, 500, 1000, 2000, 4000],
  onShouldRetry: (error, attempt) => {
    console.error(`attempt ${attempt}: ${error.message.split('\n')[0]}`)
    const status = error.originalResponse ? error.originalResponse.getStatus() : 0
    return status === 0 || status === 409 || status === 423 || status >= 500
  },
  onError: (error) => {
    console.error(error.message)
    process.exitCode = 1
  },
  onSuccess: () => console.log(upload.url),
})
upload.start()
