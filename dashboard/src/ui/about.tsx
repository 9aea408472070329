/** For whoever has never heard of anycast: the words on this page, what is real in it and what is made up. */
import { useShown } from '../app.ts';

export function About() {
  const { snapshot } = useShown();
  const networks = Object.keys(snapshot.internet.ases).length;
  return (
    <details class="about">
      <summary>What am I looking at?</summary>
      <p>
        <strong>Anycast</strong>: several places announce the same address, and whoever asks it is answered by
        one of them, usually one nearby. Each such place is a <strong>site</strong>.
      </p>
      <p>
        Nobody hands out the clients. Networks tell each other by <strong>BGP</strong> which addresses can be
        reached through them, each router picks what it likes best, and packets follow.
      </p>
      <p>
        A <strong>client</strong> is a dot: the people of a country, asking from its largest city. All clients
        that end up at a site are its <strong>catchment</strong>.
      </p>
      <p>
        Real: an agent process for each site, its BGP, its health checks, every request and answer, and the
        way each packet takes. Made up: the {networks} networks in between and who buys from whom; delays are
        the distance in fibre.
      </p>
    </details>
  );
}
