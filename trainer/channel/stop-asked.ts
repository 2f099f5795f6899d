/** Thrown where work that leaves nothing behind is told to stop. */
export class StopAsked extends Error {
  constructor() {
    super('stop was asked for');
    this.name = 'StopAsked';
  }
}
