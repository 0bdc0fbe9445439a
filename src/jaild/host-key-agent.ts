import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../lab/error.ts';
import { type SshKey, sshKeyType } from './ssh-key.ts';
import { lengthPrefixed, uint32 } from './ssh-wire.ts';

/** draft-ietf-sshm-ssh-agent, section "Message numbers". */
const addIdentity = 17;
const success = 6;

/** Gives a key to the ssh-agent on a socket, as soon as that answers. The agent never gives it out again: it signs. */
export async function addKeyToAgent(socketPath: string, key: SshKey, comment: string, timeoutMs = 5000): Promise<void> {
  const content = Buffer.concat([
    Buffer.from([addIdentity]),
    lengthPrefixed(sshKeyType),
    lengthPrefixed(key.publicBytes),
    lengthPrefixed(Buffer.concat([key.seed, key.publicBytes])),
    lengthPrefixed(comment),
  ]);
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      const answer = await exchange(socketPath, Buffer.concat([uint32(content.length), content]), timeoutMs);
      if (answer === success) return;
      throw new LabError('device', `ssh-agent refused a host key (${answer})`);
    } catch (error) {
      if (error instanceof LabError) throw error;
      if (performance.now() > deadline) throw new LabError('timeout', 'ssh-agent does not answer', { cause: error });
    }
    await sleep(2);
  }
}

/** Sends one message, and gives the type of the answer: the first byte after its length. */
function exchange(socketPath: string, message: Buffer, timeoutMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const chunks: Buffer[] = [];
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('ssh-agent is silent')));
    socket.on('data', chunk => {
      chunks.push(chunk);
      const type = Buffer.concat(chunks)[4];
      if (type === undefined) return;
      resolve(type);
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('ssh-agent hung up')));
    socket.write(message);
  });
}
