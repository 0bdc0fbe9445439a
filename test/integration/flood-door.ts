import { connect, type Socket } from 'node:net';

/**
 * A hostile program in a jail: flood-door.ts KIND SOCKET. Does what KIND says as fast as it can until it is killed. Writes how many
 * of its connections are open, a line every 100 ms.
 */
const [kind = '', path = ''] = process.argv.slice(2);
let open = 0;

/** Keeps `count` connections: what is closed is opened again at once. */
function keepOpen(count: number, use: (socket: Socket) => void): void {
  const again = () => {
    let isOpen = false;
    const socket = connect(path);
    socket.once('connect', () => {
      isOpen = true;
      open += 1;
      use(socket);
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      if (isOpen) open -= 1;
      // A connection that is refused at once must not keep this program from its others.
      setImmediate(again);
    });
  };
  for (let index = 0; index < count; index++) again();
}

// At a jail's door it does not matter whom one says to be; at the host's it does.
const get = 'GET /v1/boards HTTP/1.1\r\nHost: labd\r\nlabcli-user: bob\r\n\r\n';
const post = (length: number) =>
  `POST /v1/power HTTP/1.1\r\nHost: labd\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
const megabyte = Buffer.alloc(1 << 20, 'x');

const floods: Readonly<Record<string, () => void>> = {
  // Opened, and closed again.
  knock: () => keepOpen(64, socket => socket.destroy()),
  // Opened, and left alone.
  hold: () => keepOpen(10_000, socket => socket.resume()),
  'half a request': () =>
    keepOpen(10_000, socket => socket.resume().write('POST /v1/power HTTP/1.1\r\nHost: labd\r\nConte')),
  'half a body': () => keepOpen(1000, socket => socket.resume().write(`${post(100)}{`)),
  // A byte of a header now and then.
  'a slow request': () =>
    keepOpen(1000, socket => {
      socket.resume().write('GET /v1/boards HTTP/1.1\r\nX: ');
      const timer = setInterval(() => socket.write('x'), 200);
      socket.once('close', () => clearInterval(timer));
    }),
  'a body of 100 MB': () =>
    keepOpen(64, socket => {
      socket.resume().write(post(1e8));
      const send = () => {
        while (!socket.destroyed && socket.write(megabyte));
      };
      socket.on('drain', send);
      send();
    }),
  // Right requests, as fast as they are answered.
  'one request after another': () =>
    keepOpen(64, socket => {
      socket.on('data', () => socket.write(get));
      socket.write(get);
    }),
  // Many at once, and no answer is read.
  'requests without reading': () =>
    keepOpen(64, socket => {
      socket.pause();
      const send = () => {
        while (!socket.destroyed && socket.write(get.repeat(100)));
      };
      socket.on('drain', send);
      send();
    }),
  'an upgrade to the console': () =>
    keepOpen(64, socket => {
      socket.pause();
      socket.write('GET /v1/console HTTP/1.1\r\nHost: labd\r\nConnection: Upgrade\r\nUpgrade: labcli-console\r\n\r\n');
    }),
  // The serial line's own socket.
  'talk to the console': () =>
    keepOpen(1000, socket => {
      socket.resume();
      const send = () => {
        while (!socket.destroyed && socket.write(megabyte));
      };
      socket.on('drain', send);
      send();
    }),
};

floods[kind]?.();
setInterval(() => process.stdout.write(`${open}\n`), 100);
