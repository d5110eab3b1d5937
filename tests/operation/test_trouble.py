"""Which faults are the machine's own, in the words of the libraries that report them."""

import pytest

from installation.operation.trouble import Trouble, trouble_of


@pytest.mark.parametrize(
    ("err", "kind"),
    [
        (MemoryError(), Trouble.MEMORY),
        (RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 7.79 GiB"), Trouble.MEMORY),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"), Trouble.MEMORY),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory: you tried"), Trouble.MEMORY),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), Trouble.MEMORY),
        (OSError(12, "Cannot allocate memory"), Trouble.MEMORY),
        (RuntimeError("Exception from src/inference: std::bad_alloc"), Trouble.MEMORY),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), Trouble.DEVICE),
        (RuntimeError("CUDA error: device-side assert triggered"), Trouble.DEVICE),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), Trouble.DEVICE),
        (RuntimeError("No CUDA GPUs are available"), Trouble.DEVICE),
        (ValueError("shapes (3,) and (4,) not aligned"), None),
        (RuntimeError("The size of tensor a (512) must match the size of tensor b"), None),
        (FileNotFoundError(2, "No such file or directory"), None),
    ],
)
def test_what_kind_of_fault_it_is(err: Exception, kind: Trouble | None) -> None:
    assert trouble_of(err) is kind


def test_torchs_own_classes_are_known_whatever_they_say() -> None:
    import torch

    assert trouble_of(torch.OutOfMemoryError("odd")) is Trouble.MEMORY
