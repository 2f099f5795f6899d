"""Principal components of rows at length 1, in NumPy's float64, by a singular value decomposition of the centred table.

python principal.py > principal.json
"""

import json

import numpy as np

rows, columns, components = 40, 7, 3
row, column = np.meshgrid(np.arange(rows), np.arange(columns), indexing='ij')
x = np.sin(1 + row * 1.7 + column * column * 0.9) + 0.5 * np.cos(row * (column + 1) * 0.31) + 0.2 * column
unit = x / np.linalg.norm(x, axis=1, keepdims=True)
centred = unit - unit.mean(axis=0)
u, singular, v = np.linalg.svd(centred, full_matrices=False)
variance = singular**2 / rows
for component in v:
    component *= np.sign(component[np.abs(component).argmax()])
shares = singular / singular.sum()
print(
    json.dumps(
        {
            'rows': rows,
            'columns': columns,
            'components': components,
            'spread': variance.sum(),
            'explained': (variance / variance.sum())[:components].tolist(),
            'effectiveRank': float(np.exp(-(shares * np.log(shares)).sum())),
            'coordinates': np.round(centred @ v[:components].T, 7).ravel().tolist(),
        }
    )
)
