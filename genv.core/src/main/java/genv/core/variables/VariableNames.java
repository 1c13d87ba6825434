// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

/** The names of the environment variables that this library reads or sets, and their fixed values. */
public final class VariableNames {
    /** The identifier of the environment that the process is in. Set means: active. */
    public static final String GENV_ENVIRONMENT_ID = "GENV_ENVIRONMENT_ID";

    /** The configured name of the environment. */
    public static final String GENV_ENVIRONMENT_NAME = "GENV_ENVIRONMENT_NAME";

    /** The configured number of devices, in decimal. */
    public static final String GENV_GPUS = "GENV_GPUS";

    /** The configured memory share of each device, such as {@code 4g}. */
    public static final String GENV_GPU_MEMORY = "GENV_GPU_MEMORY";

    /** {@code 1} in a process that an SDK, not a shell, has put into an environment. */
    public static final String GENV_PYTHON = "GENV_PYTHON";

    /** The path where a Python child's SDK looks for environments; see {@link EnvironmentVariables}. */
    public static final String GENV_ENVS = "GENV_ENVS";

    /** The state directory. */
    public static final String GENV_TMPDIR = "GENV_TMPDIR";

    /** Set in a container that was given its devices by the host; device indices are then the host's. */
    public static final String GENV_CONTAINER = "GENV_CONTAINER";

    /** The number of simulated devices. Set means: the simulated backend is asked for. */
    public static final String GENV_MOCK_DEVICE_COUNT = "GENV_MOCK_DEVICE_COUNT";

    /** The memory of each simulated device, such as {@code 80g}. */
    public static final String GENV_MOCK_DEVICE_TOTAL_MEMORY = "GENV_MOCK_DEVICE_TOTAL_MEMORY";

    /**
     * The devices that CUDA shows to the process, and their order. It is the usual value of a backend's
     * {@code visibilityVariable()}, which is what decides.
     */
    public static final String CUDA_VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES";

    /** How CUDA numbers devices. Its own default, {@code FASTEST_FIRST}, is not the order of device indices here. */
    public static final String CUDA_DEVICE_ORDER = "CUDA_DEVICE_ORDER";

    /** The value of {@link #CUDA_DEVICE_ORDER} under which CUDA numbers devices as this library does. */
    public static final String PCI_BUS_ID = "PCI_BUS_ID";

    /** The value of a visibility variable that shows no device: no device has this index. */
    public static final String NO_DEVICES = "-1";

    private VariableNames() {}
}
