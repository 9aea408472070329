import './theme.css';
import './shell.css';
import './panels/panels.css';
import './map/map.css';
import { render } from 'preact';
import { AppContext, createApp } from './app.ts';
import { loadMap } from './map/view.tsx';
import { Shell } from './shell.tsx';
import { httpApi } from './store/api.ts';
import { live } from './store/live.ts';
import { themeStores } from './store/theme.ts';
import { takeToken } from './store/token.ts';

const api = httpApi('api/v1/', takeToken());
const app = createApp(api, live(api), themeStores());

render(
  <AppContext.Provider value={app}>
    <Shell />
  </AppContext.Provider>,
  document.getElementById('app') as HTMLElement,
);

// After the first paint; if it fails, the map says so when it is drawn.
setTimeout(() => loadMap().catch(() => {}));
