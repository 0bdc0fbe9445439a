import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';

/** serve-folder.ts FOLDER PORT: serves its files over HTTP, to whoever is in its network namespace. */
const [folder = '', port] = process.argv.slice(2);
createServer((request, response) => {
  const path = join(folder, normalize(`/${request.url}`));
  if (existsSync(path)) createReadStream(path).pipe(response);
  else response.writeHead(404).end();
}).listen(Number(port), () => process.stdout.write('listening\n'));
