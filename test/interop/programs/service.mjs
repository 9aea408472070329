// What a site serves: HTTP on port 80 of every address, IPv4 and IPv6. Started and killed by a cell as `node service.mjs`.
import { createServer } from 'node:http';

const server = createServer((_, response) => response.end('served\n'));
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
server.headersTimeout = 0;
server.listen(80, '::', () => console.log('serving'));
