/** Made-up pictures of a data set, and made-up draws of their views. */
import type { MarkedBox, MarkedObject, Picture, PictureFilter, Shown } from '../../../trainer/protocol/browse.ts';
import { type FakeAnswers } from './world.ts';

const classes = ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat'];
const totals = { all: 1_000_000, rejected: 2, copies: 0, excluded: 0, named: 1, tested: 1 } as const;
const totalOf = ({ among }: PictureFilter): number => totals[among.kind];

/** A small picture drawn from its number. */
export function drawnPicture(place: number, side = 28): Shown {
  const canvas = document.createElement('canvas');
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext('2d');
  if (context !== null) {
    context.fillStyle = '#000';
    context.fillRect(0, 0, side, side);
    context.fillStyle = `hsl(0 0% ${50 + ((place * 37) % 45)}%)`;
    context.fillRect(6 + (place % 4), 5 + (place % 3), 15 - (place % 5), 18);
  }
  return { mime: 'image/png', base64: canvas.toDataURL('image/png').split(',')[1] ?? '' };
}

/** Objects of a made-up street: none in every seventh picture. */
export const streetClasses = ['person', 'car', 'bicycle'];
const streetObjects = (place: number): NonNullable<Picture['objects']> => {
  const drawn: readonly MarkedObject[] = [
    { class: 1, name: 'car', box: [3, 9, 21, 24], crowd: false, difficult: false, mask: 'M4 10 20 9 21 24 3 23z' },
    { class: 0, name: 'person', box: [16, 4, 22, 20], crowd: false, difficult: true, mask: null },
    { class: 2, name: 'bicycle', box: [20, 16, 27, 26], crowd: true, difficult: false, mask: null },
  ];
  const here = place % 7 === 1 ? [] : [...drawn];
  return { total: here.length, problem: null, drawn: here, masksLeftOut: 0 };
};

function picture(fingerprint: string, { among }: PictureFilter, place: number): Picture {
  const isRejected = among.kind === 'rejected';
  const name = among.kind === 'named' ? among.names[place]! : `train/${place}.png`;
  return {
    name,
    split: 'train',
    classes: [classes[place % classes.length]!],
    problem: isRejected ? 'the file is empty (0 bytes)' : null,
    file: `/data/fashion-mnist/${name}`,
    isArchived: false,
    format: isRejected ? null : 'PNG',
    bytes: isRejected ? 0 : 784,
    width: isRejected ? null : 28,
    height: isRejected ? null : 28,
    channels: isRejected ? null : 1,
    place: isRejected ? null : place,
    trainingIndex: isRejected ? null : place,
    isExcluded: false,
    copies: place === 1284 ? ['test/77'] : [],
    objects: fingerprint === 'street' && !isRejected ? streetObjects(place) : null,
    shown: isRejected ? null : drawnPicture(place),
  };
}

export function pictureAnswers(): FakeAnswers<
  'pictures' | 'picture' | 'augmentedViews' | 'showPicture' | 'excludePicture'
> {
  return {
    pictures: (fingerprint, filter, from, count) => {
      const total = totalOf(filter);
      const places = Array.from({ length: Math.max(0, Math.min(count, total - from)) }, (_, at) => from + at);
      return {
        total,
        pictures: places.map((place) => {
          const { name, split, classes: own, problem, shown: thumbnail, objects } = picture(fingerprint, filter, place);
          const boxes = objects?.drawn.map(({ name: _name, mask: _mask, box, ...marks }) => ({
            ...marks,
            box: box.map((side) => (side * 96) / 28) as MarkedBox['box'],
          }));
          return {
            name,
            split,
            classes: own,
            problem,
            thumbnail,
            objects: objects && { total: objects.total, problem: null, boxes: boxes ?? [] },
          };
        }),
      };
    },
    picture: (fingerprint, filter, place) => picture(fingerprint, filter, place),
    augmentedViews: (_fingerprint, _filter, place, { views, epoch }) => ({
      trainingIndex: place,
      width: 28,
      height: 28,
      channels: 1,
      views: views.map(({ size }, number) => ({
        size,
        shown: drawnPicture(place + epoch, size),
        parameters: {
          crop: { left: 2 + number, top: epoch % 5, width: 20, height: 18 },
          flip: number === 0,
          jitter: [
            { operation: 'contrast', amount: 1.234 },
            { operation: 'hue', amount: -0.05 },
          ],
          grayscale: false,
          blurSigma: number === 0 ? 1.5 : null,
          solarize: number === 1,
        },
      })),
    }),
    excludePicture: () => 1,
    showPicture: () => undefined,
  };
}
