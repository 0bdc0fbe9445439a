import { claimBoard, startLabd } from './labd-under-test.ts';

/**
 * A labd in a process of its own, to be measured: serve-labd.ts. alice and bob hold a board each. Writes its sockets, a JSON object on a
 * line; ends when its standard input does.
 */
const lab = await startLabd(2);
const { board } = await claimBoard(lab.client('alice'));
const other = await claimBoard(lab.client('bob'));
const sockets = {
  host: lab.hostSocket,
  door: lab.jailSocket(board, 'labd.sock'),
  console: lab.jailSocket(board, 'console.sock'),
  otherDoor: lab.jailSocket(other.board, 'labd.sock'),
};
process.stdout.write(`${JSON.stringify(sockets)}\n`);
process.stdin.resume().once('end', () => void lab.stop().then(() => process.exit(0)));
