"""Where training runs: CUDA, then Apple's MPS, then the CPU."""


def device():
    """The torch device that every training page uses; never needs a GPU."""
    import torch  # a second and a half: only pages that train pay it

    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")
