/** Keeps Chromium off the network: the program has nothing to fetch, and Chromium would fetch on its own. */
import { app } from 'electron';
import { origin } from './app-protocol.ts';

/** For every session there will ever be; must run before the app is ready. */
export function stayOffline(): void {
  // No name is looked up, whoever asks for it.
  app.commandLine.appendSwitch('host-resolver-rules', 'MAP * ~NOTFOUND');
  app.commandLine.appendSwitch('disable-background-networking');
  app.commandLine.appendSwitch('disable-component-update');
  app.on('session-created', (session) => {
    // At the first start it would download a dictionary.
    session.setSpellCheckerEnabled(false);
    session.setSpellCheckerDictionaryDownloadURL(`${origin}/`);
    session.setSpellCheckerLanguages([]);
  });
}
