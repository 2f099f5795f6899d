"""torchvision's compiled operations beside a torch for CPUs alone.

The wheel of torchvision is linked with CUDA. Its code for CPUs calls nothing of it, but the loader wants every name: the CUDA
runtime lies in the wheel itself, and of the two libraries of a CUDA build of torch a C compiler makes empty ones. What they
hold is never called: without a CUDA device no operation gets there. Import this before torchvision.
"""
import ctypes
import glob
import os
import subprocess
import sysconfig
import tempfile

import torch

# What torchvision 0.28 takes from libc10_cuda and libtorch_cuda.
functions = """
_ZN2at4cuda26getCurrentDevicePropertiesEv _ZN3c104cuda12device_countEv _ZN3c104cuda14ExchangeDeviceEa
_ZN3c104cuda14MaybeSetDeviceEa _ZN3c104cuda17getStreamFromPoolEba _ZN3c104cuda17getStreamFromPoolEia
_ZN3c104cuda20CUDACachingAllocator9allocatorE _ZN3c104cuda20getCurrentCUDAStreamEa
_ZN3c104cuda20getDefaultCUDAStreamEa _ZN3c104cuda20setCurrentCUDAStreamENS0_10CUDAStreamE
_ZN3c104cuda29c10_cuda_check_implementationEiPKcS2_jb _ZN3c104cuda9GetDeviceEPa _ZN3c104cuda9SetDeviceEab
_ZNK3c104cuda10CUDAStream11synchronizeEv _ZNK3c104cuda10CUDAStream5queryEv _ZNK3c104cuda10CUDAStream6streamEv
""".split()


def make(folder, name, text):
    source = os.path.join(folder, f"{name}.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    library = os.path.join(folder, name)
    subprocess.run(["cc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", library, source], check=True)
    ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)


if torch.version.cuda is None:
    [runtime] = glob.glob(os.path.join(sysconfig.get_path("purelib"), "torchvision.libs", "libcudart.*"))
    ctypes.CDLL(runtime, mode=ctypes.RTLD_GLOBAL)
    # Once loaded, a library needs its file no more.
    with tempfile.TemporaryDirectory() as place:
        make(place, "libtorch_cuda.so", "")
        make(place, "libc10_cuda.so", "#include <stdlib.h>\n" + "".join(f"void {name}(void) {{ abort(); }}\n" for name in functions))
