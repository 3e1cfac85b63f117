"""Writes golden/quantize/: a matrix and the codes, scales and zero points that onnxruntime's quantizer gives it.

The tests of siyu-export read the file; nothing in the repository needs this script to run. To write it again:

    python3 -m venv /tmp/reference
    /tmp/reference/bin/pip install -r tests/reference/requirements.txt
    /tmp/reference/bin/python tests/reference/quantize.py
"""

import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).parent / "golden" / "quantize"
COLUMNS, ROWS = 160, 24


def matrix():
    """`[rows, columns]`: rows of many sizes, one of zeros, one of one sign, one that ends in a block of zeros."""
    drawn = numpy.random.default_rng(5).standard_normal((ROWS, COLUMNS)) * numpy.geomspace(0.01, 3, ROWS)[:, None]
    drawn[3] = 0
    drawn[5] = abs(drawn[5]) + 0.5
    drawn[7, 128:] = 0
    return drawn.astype(numpy.float32)


def quantized(weight, bits, block_size, symmetric):
    """The initializers of the `MatMulNBits` that the quantizer makes of a `MatMul`."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "matmul",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, COLUMNS])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, ROWS])],
        [numpy_helper.from_array(numpy.ascontiguousarray(weight.T), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    config = DefaultWeightOnlyQuantConfig(block_size=block_size, is_symmetric=symmetric, bits=bits)
    quantizer = MatMulNBitsQuantizer(model, algo_config=config)
    quantizer.process()
    parts = [numpy_helper.to_array(part) for part in quantizer.model.graph().initializer if part.name != "w"]
    assert [node.op_type for node in quantizer.model.graph().node] == ["MatMulNBits"]
    return dict(zip(["codes", "scales", "zeros"], parts))


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    weight = matrix()
    found = {"weight": weight}
    for bits in (4, 8):
        for block_size in (32, 128):
            for symmetric in (True, False):
                for part, numbers in quantized(weight, bits, block_size, symmetric).items():
                    found[f"{bits}.{block_size}.{'symmetric' if symmetric else 'asymmetric'}.{part}"] = numbers.flatten()
    save_file(found, FOLDER / "golden.safetensors")
