import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../src/system/run.ts';
import { decodeFrame, encodeFrame, type Frame } from './ethernet-frame.ts';

/** An interface somewhere, where frames are sent and seen as they are. */
export interface CableEnd {
  /** Comes back when nothing that arrives is missed any more. */
  listen(): Promise<Listener>;
  /** One after another. */
  send(...frames: readonly Frame[]): Promise<void>;
}

export interface Listener {
  /** What has arrived; what was sent from here is not in it. */
  readonly frames: readonly Frame[];
  /** The first frame that is wanted. Throws when none comes in time. */
  waitFor(what: string, isWanted: (frame: Frame) => boolean): Promise<Frame>;
  stop(): Promise<void>;
}

const frameTimeoutMs = 4000;

/** `enter` is the command line that runs a program where the interface is. */
export function createCableEnd(name: string, enter: readonly string[]): CableEnd {
  return {
    async listen() {
      const options = ['-i', name, '-Q', 'in', '-n', '-U', '-s', '0', '-Z', 'root', '--immediate-mode', '-w', '-'];
      const [program = '', ...args] = [...enter, 'tcpdump', ...options];
      const tcpdump = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      const frames: Frame[] = [];
      let rest = Buffer.alloc(0);
      // pcap-savefile(5): 24 bytes, then for each frame 16 bytes, of which 8 to 11 are its length, and its bytes.
      let isFirst = true;
      tcpdump.stdout.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk]);
        if (isFirst && rest.length >= 24) {
          rest = rest.subarray(24);
          isFirst = false;
        }
        while (!isFirst && rest.length >= 16 && rest.length >= 16 + rest.readUInt32LE(8)) {
          const end = 16 + rest.readUInt32LE(8);
          frames.push(decodeFrame(rest.subarray(16, end)));
          rest = rest.subarray(end);
        }
      });
      const ended = new Promise<void>(resolve => tcpdump.once('close', () => resolve()));
      await new Promise<void>((resolve, reject) => {
        let told = '';
        tcpdump.once('error', reject);
        tcpdump.once('close', () => reject(new Error(`tcpdump -i ${name}: ${told}`)));
        tcpdump.stderr.on('data', chunk => {
          told += chunk;
          if (told.includes('listening on')) resolve();
        });
      });
      return {
        frames,
        async waitFor(what, isWanted) {
          for (const deadline = performance.now() + frameTimeoutMs; ; await sleep(5)) {
            const found = frames.find(isWanted);
            if (found) return found;
            if (performance.now() > deadline) throw new Error(`not seen at ${name}: ${what}`);
          }
        },
        async stop() {
          tcpdump.kill('SIGKILL');
          await ended;
        },
      };
    },
    async send(...frames) {
      const bytes = frames.map(frame => encodeFrame(frame).toString('hex'));
      const [program = '', ...args] = [...enter, 'perl', '-e', sendFrames, name, ...bytes];
      await run(program, args);
    },
  };
}

/** packet(7): PF_PACKET, SOCK_RAW, ETH_P_ALL; 0x8933 is SIOCGIFINDEX, and the address a sockaddr_ll. */
const sendFrames = `
  my ($name, @frames) = @ARGV;
  socket(my $socket, 17, 3, 0) or die "socket: $!\\n";
  my $request = pack('a16 x24', $name);
  ioctl($socket, 0x8933, $request) or die "$name: $!\\n";
  my $address = pack('S n l S C C a8', 17, 3, unpack('x16 l', $request), 0, 0, 6, '');
  defined send($socket, pack('H*', $_), 0, $address) or die "send: $!\\n" for @frames;
`;
