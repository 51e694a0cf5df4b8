// Loaded before a program of the documentation: the port that it names may be in use here.
import { Server } from 'node:net';

const { listen } = Server.prototype;
Server.prototype.listen = function listenAnywhere(first, ...others) {
  const isPort = typeof first === 'number' && first !== 0;
  if (isPort) this.once('listening', () => console.log(`listens on ${this.address().port}`));
  return listen.call(this, isPort ? 0 : first, ...others);
};
